-- How far an organisation's rows of the ledger were counted by day: the first day that is counted again, when that is due
-- (a node that counts puts it off), and when all days up to the present were last counted.
CREATE TABLE install_counts (
    org_id     BLOB    NOT NULL PRIMARY KEY REFERENCES organisations (id),
    open_day   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    counted_at INTEGER
) STRICT;

-- Installs and refusals by day, in days since 1970-01-01 UTC, counted from the ledger.
CREATE TABLE install_days (
    org_id    BLOB    NOT NULL REFERENCES organisations (id),
    day       INTEGER NOT NULL,
    ecosystem TEXT    NOT NULL,
    installs  INTEGER NOT NULL,
    refusals  INTEGER NOT NULL,
    PRIMARY KEY (org_id, day, ecosystem)
) STRICT, WITHOUT ROWID;

-- The packages that were taken or refused most on each of the last days.
CREATE TABLE install_names (
    org_id    BLOB    NOT NULL REFERENCES organisations (id),
    outcome   TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    ecosystem TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    installs  INTEGER NOT NULL,
    PRIMARY KEY (org_id, outcome, day, ecosystem, name)
) STRICT, WITHOUT ROWID;
