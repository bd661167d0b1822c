-- What steps wait for: that something happens to somebody. There is one row of a key, until its run
-- is over.
CREATE TABLE IF NOT EXISTS event_await (
    key {{text}} NOT NULL PRIMARY KEY,
    run {{bytes}} NOT NULL,
    person {{bytes}} NOT NULL,
    event {{text}} NOT NULL,
    wanted {{text}} NOT NULL,
    until {{int}},
    came {{text}}
);
CREATE INDEX IF NOT EXISTS event_await_open ON event_await (person, event, key) WHERE came IS NULL;
CREATE INDEX IF NOT EXISTS event_await_by_run ON event_await (run);
