-- How workflows begin: when each schedule last began, how often each workflow did, and what waits
-- because one began too often.
CREATE TABLE IF NOT EXISTS schedule (
    workflow {{text}} NOT NULL,
    schedule {{text}} NOT NULL,
    begun_at {{int}} NOT NULL,
    PRIMARY KEY (workflow, schedule)
){{clustered}};
CREATE TABLE IF NOT EXISTS start_tally (
    workflow {{text}} NOT NULL,
    at {{int}} NOT NULL,
    part {{int}} NOT NULL,
    starts {{int}} NOT NULL,
    PRIMARY KEY (workflow, at, part)
){{clustered}};
CREATE TABLE IF NOT EXISTS held_start (
    run {{bytes}} NOT NULL PRIMARY KEY,
    held {{bytes}} NOT NULL REFERENCES held_set (id),
    person {{bytes}} NOT NULL,
    workflow {{text}} NOT NULL,
    lane {{text}} NOT NULL,
    source {{text}} NOT NULL,
    external {{text}} NOT NULL,
    body {{text}} NOT NULL,
    at {{int}} NOT NULL,
    state {{text}} NOT NULL
);
CREATE INDEX IF NOT EXISTS held_start_by_set ON held_start (held, state, at, run);
CREATE INDEX IF NOT EXISTS held_start_by_lane ON held_start (lane, state);
