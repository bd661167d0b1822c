-- What the engine keeps of its runs. Ids sort by time, so new rows go to the end.
CREATE TABLE IF NOT EXISTS definition (
    hash {{text}} NOT NULL PRIMARY KEY,
    name {{text}} NOT NULL,
    body {{text}} NOT NULL
);
CREATE TABLE IF NOT EXISTS run (
    id {{bytes}} NOT NULL PRIMARY KEY,
    lane {{text}} NOT NULL,
    partition {{int}} NOT NULL,
    generation {{int}} NOT NULL,
    definition {{text}} NOT NULL,
    name {{text}} NOT NULL,
    urgency {{int}} NOT NULL,
    status {{text}} NOT NULL,
    note {{text}} NOT NULL,
    seq {{int}} NOT NULL,
    parent_run {{bytes}},
    parent_lane {{text}},
    parent_node {{text}},
    started_at {{int}} NOT NULL,
    updated_at {{int}} NOT NULL
){{roomy}};
CREATE INDEX IF NOT EXISTS run_by_status ON run (status, id);
CREATE INDEX IF NOT EXISTS run_by_lane ON run (lane, id);
CREATE INDEX IF NOT EXISTS run_by_name ON run (name, id);
CREATE INDEX IF NOT EXISTS run_active ON run (partition, id) WHERE status IN ('running', 'compensating');
CREATE TABLE IF NOT EXISTS run_tally (
    partition {{int}} NOT NULL,
    status {{text}} NOT NULL,
    runs {{int}} NOT NULL,
    PRIMARY KEY (partition, status)
);
CREATE TABLE IF NOT EXISTS run_record (
    run {{bytes}} NOT NULL,
    seq {{int}} NOT NULL,
    at {{int}} NOT NULL,
    body {{text}} NOT NULL,
    PRIMARY KEY (run, seq)
){{clustered}};
CREATE TABLE IF NOT EXISTS run_snapshot (
    run {{bytes}} NOT NULL PRIMARY KEY,
    seq {{int}} NOT NULL,
    body {{text}} NOT NULL
);
CREATE TABLE IF NOT EXISTS run_timer (
    run {{bytes}} NOT NULL,
    node {{text}} NOT NULL,
    due {{int}} NOT NULL,
    partition {{int}} NOT NULL,
    PRIMARY KEY (run, node)
){{clustered}};
CREATE INDEX IF NOT EXISTS run_timer_by_due ON run_timer (due, run, node, partition);
CREATE TABLE IF NOT EXISTS inbox (
    seq {{serial}},
    partition {{int}} NOT NULL,
    run {{bytes}} NOT NULL,
    urgency {{int}} NOT NULL,
    body {{text}} NOT NULL,
    at {{int}} NOT NULL
);
CREATE INDEX IF NOT EXISTS inbox_in_order ON inbox (urgency, seq, partition);
CREATE TABLE IF NOT EXISTS inbox_known (
    run {{bytes}} NOT NULL,
    source {{text}} NOT NULL,
    external {{text}} NOT NULL,
    PRIMARY KEY (run, source, external)
){{clustered}};
CREATE TABLE IF NOT EXISTS lane (
    lane {{text}} NOT NULL PRIMARY KEY,
    partition {{int}} NOT NULL,
    generation {{int}} NOT NULL,
    live {{bytes}},
    queued {{text}} NOT NULL
);
CREATE TABLE IF NOT EXISTS partition_owner (
    partition {{int}} NOT NULL PRIMARY KEY,
    owner {{bytes}},
    epoch {{int}} NOT NULL,
    lease_until {{int}} NOT NULL
);
INSERT INTO partition_owner (partition, owner, epoch, lease_until)
    WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 63)
    SELECT n, NULL, 0, 0 FROM number WHERE n >= 0
    ON CONFLICT (partition) DO NOTHING;
