-- Which documents were in force since when. A text is kept once, however many versions have it.
CREATE TABLE IF NOT EXISTS estate_version (
    version {{int}} NOT NULL PRIMARY KEY,
    hash {{text}} NOT NULL,
    at {{int}} NOT NULL,
    by_whom {{text}} NOT NULL,
    reason {{text}} NOT NULL
);
CREATE TABLE IF NOT EXISTS estate_text (
    hash {{text}} NOT NULL PRIMARY KEY,
    body {{text}} NOT NULL
);
CREATE TABLE IF NOT EXISTS estate_file (
    version {{int}} NOT NULL REFERENCES estate_version (version),
    path {{text}} NOT NULL,
    hash {{text}} NOT NULL REFERENCES estate_text (hash),
    PRIMARY KEY (version, path)
){{clustered}};
