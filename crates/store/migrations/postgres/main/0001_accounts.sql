-- A personal account: one verified address. An erased account keeps its id, because ledger rows carry it.
CREATE TABLE accounts (
    id         UUID   NOT NULL PRIMARY KEY,
    email      TEXT,
    language   TEXT   NOT NULL,
    made_by    UUID   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE UNIQUE INDEX accounts_email ON accounts (email);
CREATE INDEX accounts_unused ON accounts (created_at) WHERE used_at IS NULL;

CREATE TABLE tokens (
    id           UUID   NOT NULL PRIMARY KEY,
    account_id   UUID   NOT NULL REFERENCES accounts (id),
    kind         TEXT   NOT NULL,
    hash         BYTEA  NOT NULL,
    hint         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_revoked ON tokens (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE codes (
    id         UUID   NOT NULL PRIMARY KEY,
    account_id UUID   NOT NULL REFERENCES accounts (id),
    mac        BYTEA  NOT NULL,
    language   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX codes_account ON codes (account_id);
CREATE INDEX codes_expiry ON codes (expires_at);

-- Tries at a one-time code, right or wrong, until a right one clears them.
CREATE TABLE attempts (
    id      UUID   NOT NULL PRIMARY KEY,
    email   TEXT   NOT NULL,
    network TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX attempts_who ON attempts (email, network, at);
CREATE INDEX attempts_age ON attempts (at);

CREATE TABLE outbox (
    id          UUID   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    email       TEXT   NOT NULL,
    language    TEXT   NOT NULL,
    base_url    TEXT   NOT NULL,
    payload     TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    claimed_at  BIGINT,
    lease_until BIGINT NOT NULL,
    finished_at BIGINT,
    last_error  TEXT   NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (not_before, id) WHERE state = 'waiting';
CREATE INDEX outbox_address ON outbox (email, claimed_at);
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE finished_at IS NOT NULL;
