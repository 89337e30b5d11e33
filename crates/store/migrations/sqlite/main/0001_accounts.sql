-- A personal account: one verified address. An erased account keeps its id, because ledger rows carry it.
CREATE TABLE accounts (
    id         BLOB    NOT NULL PRIMARY KEY,
    email      TEXT,
    language   TEXT    NOT NULL,
    made_by    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX accounts_email ON accounts (email);
CREATE INDEX accounts_unused ON accounts (created_at) WHERE used_at IS NULL;

CREATE TABLE tokens (
    id           BLOB    NOT NULL PRIMARY KEY,
    account_id   BLOB    NOT NULL REFERENCES accounts (id),
    kind         TEXT    NOT NULL,
    hash         BLOB    NOT NULL,
    hint         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_revoked ON tokens (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE codes (
    id         BLOB    NOT NULL PRIMARY KEY,
    account_id BLOB    NOT NULL REFERENCES accounts (id),
    mac        BLOB    NOT NULL,
    language   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE INDEX codes_account ON codes (account_id);
CREATE INDEX codes_expiry ON codes (expires_at);

-- Tries at a one-time code, right or wrong, until a right one clears them.
CREATE TABLE attempts (
    id      BLOB    NOT NULL PRIMARY KEY,
    email   TEXT    NOT NULL,
    network TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_who ON attempts (email, network, at);
CREATE INDEX attempts_age ON attempts (at);

CREATE TABLE outbox (
    id          BLOB    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    email       TEXT    NOT NULL,
    language    TEXT    NOT NULL,
    base_url    TEXT    NOT NULL,
    payload     TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    not_before  INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    claimed_at  INTEGER,
    lease_until INTEGER NOT NULL,
    finished_at INTEGER,
    last_error  TEXT    NOT NULL
) STRICT;
CREATE INDEX outbox_waiting ON outbox (not_before, id) WHERE state = 'waiting';
CREATE INDEX outbox_address ON outbox (email, claimed_at);
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE finished_at IS NOT NULL;
