-- Who can hold access, how sources name them, and what they are engaged as.
CREATE TABLE IF NOT EXISTS person (
    id {{bytes}} NOT NULL PRIMARY KEY,
    kind {{text}} NOT NULL,
    display_name {{text}} NOT NULL,
    name_folded {{text}} NOT NULL,
    attributes {{text}} NOT NULL,
    sponsor {{bytes}} REFERENCES person (id),
    version {{int}} NOT NULL CHECK (version > 0),
    since {{int}} NOT NULL
);
CREATE INDEX IF NOT EXISTS person_by_name ON person (name_folded, id);
CREATE TABLE IF NOT EXISTS person_key (
    attribute {{text}} NOT NULL,
    value_folded {{text}} NOT NULL,
    person {{bytes}} NOT NULL REFERENCES person (id),
    PRIMARY KEY (attribute, value_folded, person)
){{clustered}};
CREATE INDEX IF NOT EXISTS person_key_by_person ON person_key (person);
CREATE TABLE IF NOT EXISTS engagement (
    id {{bytes}} NOT NULL PRIMARY KEY,
    person {{bytes}} NOT NULL REFERENCES person (id),
    kind {{text}} NOT NULL,
    source {{text}} NOT NULL,
    source_key {{text}} NOT NULL,
    zone {{text}} NOT NULL,
    first_day {{text}} NOT NULL,
    last_day {{text}},
    leave {{text}},
    rescinded {{flag}} NOT NULL CHECK (rescinded IN (0, 1)),
    cut_at {{int}},
    version {{int}} NOT NULL CHECK (version > 0),
    UNIQUE (source, source_key)
);
CREATE INDEX IF NOT EXISTS engagement_by_person ON engagement (person, id);
