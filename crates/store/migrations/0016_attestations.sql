-- What somebody who looked said of an account in a system that no machine can look at, once for
-- each write that was asked of them.
CREATE TABLE IF NOT EXISTS attestation (
    id {{bytes}} NOT NULL PRIMARY KEY,
    key {{text}} NOT NULL UNIQUE,
    connection {{text}} NOT NULL,
    account {{text}} NOT NULL,
    body {{text}} NOT NULL,
    by_whom {{text}} NOT NULL,
    at {{int}} NOT NULL
);
CREATE INDEX IF NOT EXISTS attestation_by_account ON attestation (connection, account, id);
