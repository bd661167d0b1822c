-- What would change, for whom, worked out before anything is written; and what the brakes let go or hold.
CREATE TABLE IF NOT EXISTS plan (
    id {{bytes}} NOT NULL PRIMARY KEY,
    state {{text}} NOT NULL,
    asked {{text}} NOT NULL,
    made_by {{text}} NOT NULL,
    made_at {{int}} NOT NULL,
    good_until {{int}} NOT NULL,
    base {{int}} NOT NULL,
    hash {{text}} NOT NULL,
    progress {{bytes}},
    people {{int}} NOT NULL,
    digest {{text}},
    report {{text}},
    applied_by {{text}},
    applied_at {{int}},
    version {{int}},
    note {{text}}
);
CREATE TABLE IF NOT EXISTS plan_file (
    plan {{bytes}} NOT NULL REFERENCES plan (id),
    path {{text}} NOT NULL,
    hash {{text}} NOT NULL REFERENCES estate_text (hash),
    PRIMARY KEY (plan, path)
){{clustered}};
CREATE TABLE IF NOT EXISTS plan_person (
    plan {{bytes}} NOT NULL REFERENCES plan (id),
    person {{bytes}} NOT NULL,
    digest {{text}} NOT NULL,
    body {{text}} NOT NULL,
    PRIMARY KEY (plan, person)
){{clustered}};
CREATE TABLE IF NOT EXISTS held_set (
    id {{bytes}} NOT NULL PRIMARY KEY,
    family {{text}} NOT NULL,
    brake {{text}} NOT NULL,
    plan {{bytes}},
    asked_by {{text}} NOT NULL,
    opened_at {{int}} NOT NULL,
    state {{text}} NOT NULL,
    open_as {{text}} UNIQUE,
    yes_needed {{int}} NOT NULL,
    closed_at {{int}}
);
CREATE TABLE IF NOT EXISTS held_answer (
    held {{bytes}} NOT NULL REFERENCES held_set (id),
    by_whom {{text}} NOT NULL,
    at {{int}} NOT NULL,
    answer {{text}} NOT NULL,
    size {{int}} NOT NULL,
    reason {{text}} NOT NULL,
    PRIMARY KEY (held, by_whom)
);
CREATE TABLE IF NOT EXISTS removal (
    id {{bytes}} NOT NULL PRIMARY KEY,
    person {{bytes}} NOT NULL,
    connection {{text}} NOT NULL,
    kind {{text}} NOT NULL,
    account {{bytes}} NOT NULL,
    what {{text}} NOT NULL,
    privileged {{flag}} NOT NULL CHECK (privileged IN (0, 1)),
    urgent {{flag}} NOT NULL CHECK (urgent IN (0, 1)),
    at {{int}} NOT NULL,
    held {{bytes}} REFERENCES held_set (id),
    let_at {{int}},
    good_until {{int}},
    taken_by {{text}}
);
CREATE INDEX IF NOT EXISTS removal_by_person ON removal (person, id);
CREATE INDEX IF NOT EXISTS removal_by_window ON removal (connection, let_at, person);
CREATE INDEX IF NOT EXISTS removal_by_held ON removal (held, person, id);
CREATE TABLE IF NOT EXISTS removal_turn (
    connection {{text}} NOT NULL PRIMARY KEY,
    turns {{int}} NOT NULL
);
