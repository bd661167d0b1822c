-- People for whom a workflow is started together: what was asked, how far everybody was gone through,
-- and what became of each of them.
CREATE TABLE IF NOT EXISTS start_set (
    id {{bytes}} NOT NULL PRIMARY KEY,
    state {{text}} NOT NULL,
    workflow {{text}} NOT NULL,
    definition {{text}} NOT NULL,
    input {{text}} NOT NULL,
    condition {{text}},
    made_by {{text}} NOT NULL,
    made_at {{int}} NOT NULL,
    good_until {{int}} NOT NULL,
    progress {{bytes}},
    looked_at {{int}} NOT NULL,
    unclear {{int}} NOT NULL,
    started_by {{text}},
    started_at {{int}},
    reason {{text}},
    note {{text}},
    version {{int}} NOT NULL
);
CREATE TABLE IF NOT EXISTS start_set_person (
    set_id {{bytes}} NOT NULL REFERENCES start_set (id),
    place {{int}} NOT NULL,
    named {{text}} NOT NULL,
    person {{bytes}},
    state {{text}} NOT NULL,
    why {{text}},
    run {{bytes}},
    PRIMARY KEY (set_id, place)
){{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS start_set_person_once ON start_set_person (set_id, person);
CREATE INDEX IF NOT EXISTS start_set_person_by_state ON start_set_person (set_id, state, place);
