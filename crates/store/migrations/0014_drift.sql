-- What readings of connected systems saw, how far they came, and what somebody else changed.
CREATE TABLE IF NOT EXISTS observation (
    connection {{text}} NOT NULL,
    native_id {{text}} NOT NULL,
    hash {{bytes}} NOT NULL,
    account {{bytes}},
    name {{text}} NOT NULL,
    name_folded {{text}} NOT NULL,
    state {{text}} NOT NULL,
    holds {{text}} NOT NULL,
    attributes {{text}} NOT NULL,
    first_seen_at {{int}} NOT NULL,
    seen_at {{int}} NOT NULL,
    PRIMARY KEY (connection, native_id)
){{clustered}};
CREATE INDEX IF NOT EXISTS observation_orphan ON observation (connection, native_id)
    WHERE account IS NULL AND state <> 'gone';
CREATE TABLE IF NOT EXISTS reading (
    connection {{text}} NOT NULL PRIMARY KEY,
    asked_at {{int}},
    tried_at {{int}},
    whole_at {{int}},
    followed_at {{int}},
    token {{text}},
    tally {{text}} NOT NULL,
    failure {{text}},
    holder {{bytes}},
    held_until {{int}} NOT NULL
);
CREATE TABLE IF NOT EXISTS drift (
    id {{bytes}} NOT NULL PRIMARY KEY,
    connection {{text}} NOT NULL,
    native_id {{text}} NOT NULL,
    account {{bytes}} NOT NULL REFERENCES account (id),
    person {{bytes}} REFERENCES person (id),
    kind {{text}} NOT NULL,
    policy {{text}} NOT NULL,
    differences {{text}} NOT NULL,
    found_at {{int}} NOT NULL,
    run {{bytes}},
    closed_at {{int}},
    closed_by {{text}},
    closed_why {{text}},
    version {{int}} NOT NULL CHECK (version > 0)
);
CREATE INDEX IF NOT EXISTS drift_open ON drift (connection, id) WHERE closed_at IS NULL;
CREATE INDEX IF NOT EXISTS drift_by_account ON drift (connection, native_id, id);
CREATE INDEX IF NOT EXISTS drift_by_person ON drift (person, id) WHERE person IS NOT NULL;
