-- The records of runs in the order in which they are written. Ordered by run they made every commit
-- touch the pages of all runs under way; on SQLite a commit wrote 46 pages in the mean instead of 33.
CREATE TABLE IF NOT EXISTS run_journal (
    run {{bytes}} NOT NULL,
    seq {{int}} NOT NULL,
    at {{int}} NOT NULL,
    body {{text}} NOT NULL,
    PRIMARY KEY (run, seq)
);
INSERT INTO run_journal (run, seq, at, body)
    SELECT run, seq, at, body FROM run_record WHERE true ON CONFLICT (run, seq) DO NOTHING;
