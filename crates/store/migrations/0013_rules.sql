-- What accounts were last seen with, who was let off which rule, and who holds what.
CREATE TABLE IF NOT EXISTS account_attributes (
    account {{bytes}} NOT NULL PRIMARY KEY REFERENCES account (id),
    attributes {{text}} NOT NULL,
    seen_at {{int}} NOT NULL
);
CREATE TABLE IF NOT EXISTS rule_exception (
    id {{bytes}} NOT NULL PRIMARY KEY,
    rule {{text}} NOT NULL,
    person {{bytes}} NOT NULL REFERENCES person (id),
    approved_by {{text}} NOT NULL,
    because {{text}} NOT NULL,
    valid_from {{int}} NOT NULL,
    valid_until {{int}} NOT NULL,
    ended {{text}},
    version {{int}} NOT NULL CHECK (version > 0)
);
CREATE INDEX IF NOT EXISTS rule_exception_by_person ON rule_exception (person, id);
CREATE INDEX IF NOT EXISTS access_grant_by_entitlement ON access_grant (connection, entitlement, state);
