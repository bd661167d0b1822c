-- What each decision was made from, so that it can be made again. Content is kept once, by its hash.
CREATE TABLE IF NOT EXISTS kept_content (
    hash {{bytes}} NOT NULL PRIMARY KEY,
    body {{text}} NOT NULL
);
CREATE TABLE IF NOT EXISTS decision (
    id {{bytes}} NOT NULL PRIMARY KEY,
    person {{bytes}} NOT NULL REFERENCES person (id),
    at {{int}} NOT NULL,
    run {{bytes}},
    facts {{bytes}} NOT NULL REFERENCES kept_content (hash),
    rules {{bytes}} NOT NULL REFERENCES kept_content (hash),
    result {{bytes}} NOT NULL
);
CREATE INDEX IF NOT EXISTS decision_by_person ON decision (person, at, id);
CREATE INDEX IF NOT EXISTS event_by_subject ON event (connection, subject_value, id);
