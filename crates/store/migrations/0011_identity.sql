-- What each source says of people, the names that were made for them, who turned out to be one or
-- two, and what exactly a case asks.
CREATE TABLE IF NOT EXISTS person_value (
    person {{bytes}} NOT NULL REFERENCES person (id),
    attribute {{text}} NOT NULL,
    source {{text}} NOT NULL,
    value {{text}} NOT NULL,
    strength {{text}} NOT NULL,
    refers_by {{text}},
    refers_to {{text}},
    seen_at {{int}} NOT NULL,
    event {{bytes}},
    PRIMARY KEY (person, attribute, source)
){{clustered}};
CREATE INDEX IF NOT EXISTS person_value_by_reference ON person_value (refers_by, refers_to, person)
    WHERE refers_by IS NOT NULL;
CREATE TABLE IF NOT EXISTS issued_name (
    generator {{text}} NOT NULL,
    name_folded {{text}} NOT NULL,
    name {{text}} NOT NULL,
    person {{bytes}} NOT NULL,
    issued_at {{int}} NOT NULL,
    released_at {{int}},
    PRIMARY KEY (generator, name_folded)
){{clustered}};
CREATE INDEX IF NOT EXISTS issued_name_by_person ON issued_name (person, generator);
CREATE TABLE IF NOT EXISTS person_merge (
    id {{bytes}} NOT NULL PRIMARY KEY,
    kind {{text}} NOT NULL,
    kept {{bytes}} NOT NULL REFERENCES person (id),
    other {{bytes}} NOT NULL REFERENCES person (id),
    at {{int}} NOT NULL,
    by_whom {{text}} NOT NULL,
    reason {{text}} NOT NULL,
    body {{text}} NOT NULL,
    undone_at {{int}},
    undone_by {{text}}
);
CREATE INDEX IF NOT EXISTS person_merge_by_other ON person_merge (other);
CREATE INDEX IF NOT EXISTS person_merge_by_kept ON person_merge (kept);
CREATE TABLE IF NOT EXISTS case_detail (
    id {{bytes}} NOT NULL PRIMARY KEY REFERENCES correlation_case (id),
    kind {{text}} NOT NULL,
    body {{text}} NOT NULL
);
CREATE INDEX IF NOT EXISTS case_detail_by_kind ON case_detail (kind, id);
