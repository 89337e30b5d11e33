-- One row per artifact request with a token. Ids are ordered by time, so the table grows at its end.
CREATE TABLE entries (
    id             UUID   NOT NULL PRIMARY KEY,
    at             BIGINT NOT NULL,
    ecosystem      TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    version        TEXT   NOT NULL,
    file           TEXT   NOT NULL,
    outcome        TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    advisories     TEXT   NOT NULL,
    account_id     UUID   NOT NULL,
    token_id       UUID   NOT NULL,
    client_name    TEXT   NOT NULL,
    client_version TEXT   NOT NULL,
    address        TEXT   NOT NULL
);
CREATE INDEX entries_account ON entries (account_id, at);
-- Cheap here, unlike on SQLite: only the log is synced at a commit, not the pages.
CREATE INDEX entries_package ON entries (ecosystem, name, at);

-- Requests without a token: how many a day, and nothing about who.
CREATE TABLE anonymous (
    day       BIGINT NOT NULL,
    ecosystem TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    version   TEXT   NOT NULL,
    file      TEXT   NOT NULL,
    outcome   TEXT   NOT NULL,
    requests  BIGINT NOT NULL,
    PRIMARY KEY (day, ecosystem, name, version, file, outcome)
);
