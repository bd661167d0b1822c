-- What did not arrive is looked for by channel and in order, and a human may put it aside.
CREATE TABLE IF NOT EXISTS notice_drop (
    notice {{bytes}} NOT NULL PRIMARY KEY REFERENCES notice (id),
    at {{int}} NOT NULL,
    by_whom {{text}} NOT NULL,
    reason {{text}} NOT NULL
);
CREATE INDEX IF NOT EXISTS notice_by_channel ON notice (channel, due, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS notice_undelivered ON notice (id) WHERE state <> 'delivered';
