-- Tasks that are also tickets in the system in which those who are asked do their work. What was
-- lost on the way is found again by the key, which stands in the ticket.
CREATE TABLE IF NOT EXISTS task_ticket (
    key {{text}} NOT NULL PRIMARY KEY,
    task {{bytes}} NOT NULL REFERENCES human_task (id),
    connection {{text}} NOT NULL,
    native_id {{text}},
    link {{text}},
    state {{text}} NOT NULL CHECK (state IN ('wanted', 'open', 'closing', 'over')),
    seen {{text}},
    say {{text}},
    note {{text}},
    tries {{int}} NOT NULL,
    due_at {{int}},
    wanted_at {{int}} NOT NULL,
    version {{int}} NOT NULL
);
CREATE INDEX IF NOT EXISTS task_ticket_by_task ON task_ticket (task, key);
CREATE INDEX IF NOT EXISTS task_ticket_due ON task_ticket (connection, due_at, key) WHERE due_at IS NOT NULL;
