-- One row per artifact request with a token. Ids are ordered by time, so the table grows at its end.
CREATE TABLE entries (
    id             BLOB    NOT NULL PRIMARY KEY,
    at             INTEGER NOT NULL,
    ecosystem      TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    file           TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    advisories     TEXT    NOT NULL,
    account_id     BLOB    NOT NULL,
    token_id       BLOB    NOT NULL,
    client_name    TEXT    NOT NULL,
    client_version TEXT    NOT NULL,
    address        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_account ON entries (account_id, at);
-- No index by package here: its pages lie scattered, each commit would have to sync them, and entries a second would
-- halve. Who took a package is found by reading the table.

-- Requests without a token: how many a day, and nothing about who.
CREATE TABLE anonymous (
    day       INTEGER NOT NULL,
    ecosystem TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    version   TEXT    NOT NULL,
    file      TEXT    NOT NULL,
    outcome   TEXT    NOT NULL,
    requests  INTEGER NOT NULL,
    PRIMARY KEY (day, ecosystem, name, version, file, outcome)
) STRICT, WITHOUT ROWID;
