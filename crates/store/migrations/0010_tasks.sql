-- What humans are asked to do, and what they said about it. There is one task of a key.
CREATE TABLE IF NOT EXISTS human_task (
    id {{bytes}} NOT NULL PRIMARY KEY,
    key {{text}} NOT NULL UNIQUE,
    kind {{text}} NOT NULL,
    title {{text}} NOT NULL,
    instructions {{text}} NOT NULL,
    assignee {{text}} NOT NULL,
    barred {{text}} NOT NULL,
    outcomes {{text}} NOT NULL,
    about {{bytes}},
    connection {{text}},
    waits {{bytes}},
    opened_at {{int}} NOT NULL,
    due_at {{int}},
    remind_at {{int}},
    state {{text}} NOT NULL CHECK (state IN ('open', 'claimed', 'closed')),
    claimed_by {{text}},
    closed {{text}},
    version {{int}} NOT NULL
);
CREATE INDEX IF NOT EXISTS human_task_open ON human_task (assignee, id) WHERE state <> 'closed';
CREATE INDEX IF NOT EXISTS human_task_remind ON human_task (remind_at, id) WHERE remind_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS human_task_waits ON human_task (waits) WHERE state <> 'closed' AND waits IS NOT NULL;
-- Comments, and evidence with a hash; small evidence is kept itself.
CREATE TABLE IF NOT EXISTS human_task_entry (
    id {{bytes}} NOT NULL PRIMARY KEY,
    task {{bytes}} NOT NULL REFERENCES human_task (id),
    at {{int}} NOT NULL,
    by_whom {{text}} NOT NULL,
    body {{text}} NOT NULL,
    hash {{bytes}},
    media_type {{text}},
    content {{bytes}}
);
CREATE INDEX IF NOT EXISTS human_task_entry_by_task ON human_task_entry (task, id);
