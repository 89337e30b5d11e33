-- How far an organisation's rows of the ledger were counted by day: the first day that is counted again, when that is due
-- (a node that counts puts it off), and when all days up to the present were last counted.
CREATE TABLE install_counts (
    org_id     UUID   NOT NULL PRIMARY KEY REFERENCES organisations (id),
    open_day   BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    counted_at BIGINT
);

-- Installs and refusals by day, in days since 1970-01-01 UTC, counted from the ledger.
CREATE TABLE install_days (
    org_id    UUID   NOT NULL REFERENCES organisations (id),
    day       BIGINT NOT NULL,
    ecosystem TEXT   NOT NULL,
    installs  BIGINT NOT NULL,
    refusals  BIGINT NOT NULL,
    PRIMARY KEY (org_id, day, ecosystem)
);

-- The packages that were taken or refused most on each of the last days. Names in the order of their bytes, as on SQLite.
CREATE TABLE install_names (
    org_id    UUID             NOT NULL REFERENCES organisations (id),
    outcome   TEXT             NOT NULL,
    day       BIGINT           NOT NULL,
    ecosystem TEXT             NOT NULL,
    name      TEXT COLLATE "C" NOT NULL,
    installs  BIGINT           NOT NULL,
    PRIMARY KEY (org_id, outcome, day, ecosystem, name)
);
