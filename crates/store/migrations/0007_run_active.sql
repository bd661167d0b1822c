-- Runs that act are few and are found by their status; an index of their own cost every run two
-- writes.
DROP INDEX IF EXISTS run_active;
