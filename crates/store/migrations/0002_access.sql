-- What is held in connected systems, and why.
CREATE TABLE IF NOT EXISTS account (
    id {{bytes}} NOT NULL PRIMARY KEY,
    connection {{text}} NOT NULL,
    person {{bytes}} REFERENCES person (id),
    native_id {{text}},
    name {{text}} NOT NULL,
    name_folded {{text}} NOT NULL,
    state {{text}} NOT NULL,
    holds {{text}} NOT NULL,
    seen_at {{int}},
    version {{int}} NOT NULL CHECK (version > 0),
    UNIQUE (connection, native_id)
);
CREATE INDEX IF NOT EXISTS account_by_person ON account (person, id);
CREATE INDEX IF NOT EXISTS account_by_name ON account (connection, name_folded, id);
CREATE TABLE IF NOT EXISTS entitlement (
    id {{bytes}} NOT NULL PRIMARY KEY,
    connection {{text}} NOT NULL,
    kind {{text}} NOT NULL,
    native_id {{text}} NOT NULL,
    name {{text}} NOT NULL,
    privileged {{flag}} NOT NULL CHECK (privileged IN (0, 1)),
    contains {{text}} NOT NULL,
    UNIQUE (connection, native_id)
);
CREATE TABLE IF NOT EXISTS access_grant (
    id {{bytes}} NOT NULL PRIMARY KEY,
    person {{bytes}} NOT NULL REFERENCES person (id),
    connection {{text}} NOT NULL,
    entitlement {{text}} NOT NULL,
    reason {{text}} NOT NULL,
    valid_from {{int}} NOT NULL,
    valid_until {{int}},
    state {{text}} NOT NULL,
    version {{int}} NOT NULL CHECK (version > 0)
);
CREATE INDEX IF NOT EXISTS access_grant_by_person ON access_grant (person, id);
