-- Who stands in for whom, by the names under which they act, from a moment until a moment.
CREATE TABLE IF NOT EXISTS deputy (
    id {{bytes}} NOT NULL PRIMARY KEY,
    whom {{text}} NOT NULL,
    name {{text}} NOT NULL,
    valid_from {{int}} NOT NULL,
    valid_until {{int}} NOT NULL,
    reason {{text}} NOT NULL,
    by_whom {{text}} NOT NULL,
    ended {{text}},
    version {{int}} NOT NULL CHECK (version > 0)
);
CREATE INDEX IF NOT EXISTS deputy_by_whom ON deputy (whom, id);
CREATE INDEX IF NOT EXISTS deputy_by_name ON deputy (name, id);
