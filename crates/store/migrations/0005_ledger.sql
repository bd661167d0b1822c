-- The audit record: what waits to be sealed, what is sealed, and what was signed.
CREATE TABLE IF NOT EXISTS ledger_outbox (
    seq {{serial}},
    id {{bytes}} NOT NULL UNIQUE,
    at {{int}} NOT NULL,
    body {{text}} NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger_entry (
    leaf_index {{int}} NOT NULL PRIMARY KEY CHECK (leaf_index >= 0),
    id {{bytes}} NOT NULL UNIQUE,
    at {{int}} NOT NULL,
    body {{text}} NOT NULL,
    leaf_hash {{bytes}} NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger_checkpoint (
    size {{int}} NOT NULL PRIMARY KEY CHECK (size >= 0),
    root {{bytes}} NOT NULL,
    at {{int}} NOT NULL,
    note {{text}} NOT NULL
);
