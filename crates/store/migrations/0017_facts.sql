-- What was told of whom and when it was so, beside when we learnt it; and engagements spell by
-- spell, since whoever comes back under the same key has another one.
CREATE TABLE IF NOT EXISTS fact (
    event {{bytes}} NOT NULL PRIMARY KEY REFERENCES event (id),
    person {{bytes}} REFERENCES person (id),
    source {{text}} NOT NULL,
    source_key {{text}} NOT NULL,
    as_of {{int}},
    sequence {{int}} NOT NULL,
    counts_from {{int}} NOT NULL
){{clustered}};
CREATE INDEX IF NOT EXISTS fact_by_person ON fact (person, counts_from);
CREATE INDEX IF NOT EXISTS fact_waiting ON fact (source, source_key) WHERE person IS NULL;
CREATE TABLE IF NOT EXISTS engagement_spell (
    id {{bytes}} NOT NULL PRIMARY KEY,
    person {{bytes}} NOT NULL REFERENCES person (id),
    kind {{text}} NOT NULL,
    source {{text}} NOT NULL,
    source_key {{text}} NOT NULL,
    spell {{int}} NOT NULL CHECK (spell > 0),
    zone {{text}} NOT NULL,
    first_day {{text}} NOT NULL,
    last_day {{text}},
    leaves {{text}},
    handover {{text}},
    is_primary {{flag}} NOT NULL CHECK (is_primary IN (0, 1)),
    rescinded {{flag}} NOT NULL CHECK (rescinded IN (0, 1)),
    cut_at {{int}},
    version {{int}} NOT NULL CHECK (version > 0),
    UNIQUE (source, source_key, spell)
);
CREATE INDEX IF NOT EXISTS engagement_spell_by_person ON engagement_spell (person, id);
-- The table of before, made anew in its last shape where it is gone already.
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
INSERT INTO engagement_spell
    (id, person, kind, source, source_key, spell, zone, first_day, last_day, leaves, handover, is_primary, rescinded, cut_at, version)
    SELECT id, person, kind, source, source_key, 1, zone, first_day, last_day,
        CASE WHEN leave IS NULL THEN NULL ELSE '[' || leave || ']' END, NULL, 0, rescinded, cut_at, version
    FROM engagement WHERE version > 0
    ON CONFLICT (id) DO NOTHING;
DROP TABLE IF EXISTS engagement;
-- Readings of sources: what was known of each row, what a reading found, and what of it is still
-- to be taken in.
CREATE TABLE IF NOT EXISTS source_row (
    source {{text}} NOT NULL,
    row_key {{text}} NOT NULL,
    hash {{text}} NOT NULL,
    marks {{text}} NOT NULL,
    terms {{text}} NOT NULL,
    is_gone {{flag}} NOT NULL CHECK (is_gone IN (0, 1)),
    reading {{int}} NOT NULL,
    PRIMARY KEY (source, row_key)
){{clustered}};
CREATE TABLE IF NOT EXISTS source_reading (
    source {{text}} NOT NULL,
    number {{int}} NOT NULL,
    state {{text}} NOT NULL CHECK (state IN ('surveying', 'applying', 'done', 'held', 'failed')),
    started_at {{int}} NOT NULL,
    touched_at {{int}} NOT NULL,
    found {{text}} NOT NULL,
    verdict {{text}} NOT NULL,
    applied {{text}} NOT NULL,
    answer {{text}},
    PRIMARY KEY (source, number)
){{clustered}};
CREATE TABLE IF NOT EXISTS source_staged (
    source {{text}} NOT NULL,
    row_key {{text}} NOT NULL,
    body {{text}} NOT NULL,
    PRIMARY KEY (source, row_key)
){{clustered}};
