-- The things that somebody is asked about at once, where there are several.
CREATE TABLE IF NOT EXISTS human_task_choices (
    task {{bytes}} NOT NULL PRIMARY KEY REFERENCES human_task (id),
    choices {{text}} NOT NULL
);
