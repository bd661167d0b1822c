-- Who may come in, what goes out, and what the installation knows of itself.
CREATE TABLE IF NOT EXISTS token (
    id {{bytes}} NOT NULL PRIMARY KEY,
    hash {{bytes}} NOT NULL UNIQUE,
    owner {{text}} NOT NULL,
    roles {{text}} NOT NULL,
    source {{text}},
    scopes {{text}} NOT NULL,
    created_at {{int}} NOT NULL,
    expires_at {{int}} NOT NULL,
    revoked_at {{int}}
);
CREATE TABLE IF NOT EXISTS notice (
    id {{bytes}} NOT NULL PRIMARY KEY,
    channel {{text}} NOT NULL,
    body {{text}} NOT NULL,
    created_at {{int}} NOT NULL,
    state {{text}} NOT NULL CHECK (state IN ('waiting', 'delivered', 'given-up')),
    due {{int}} NOT NULL,
    attempts {{int}} NOT NULL,
    last_error {{text}}
);
CREATE INDEX IF NOT EXISTS notice_waiting ON notice (due, id) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS setting (
    name {{text}} NOT NULL PRIMARY KEY,
    body {{text}} NOT NULL
);
