-- What came in, once each, and what only a human can answer about it.
CREATE TABLE IF NOT EXISTS event (
    id {{bytes}} NOT NULL PRIMARY KEY,
    connection {{text}} NOT NULL,
    external_id {{text}} NOT NULL,
    subject_attribute {{text}} NOT NULL,
    subject_value {{text}} NOT NULL,
    kind {{text}} NOT NULL,
    received_at {{int}} NOT NULL,
    answer {{text}},
    UNIQUE (connection, external_id)
);
CREATE INDEX IF NOT EXISTS event_by_connection ON event (connection, id);
CREATE TABLE IF NOT EXISTS correlation_case (
    id {{bytes}} NOT NULL PRIMARY KEY,
    event {{bytes}} NOT NULL REFERENCES event (id),
    connection {{text}} NOT NULL,
    question {{text}} NOT NULL,
    candidates {{text}} NOT NULL,
    opened_at {{int}} NOT NULL,
    resolved_at {{int}},
    resolution {{text}},
    resolved_by {{text}}
);
CREATE INDEX IF NOT EXISTS correlation_case_open ON correlation_case (id) WHERE resolved_at IS NULL;
CREATE INDEX IF NOT EXISTS correlation_case_by_event ON correlation_case (event);
