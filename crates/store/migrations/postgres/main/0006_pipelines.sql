-- Which pipelines a bot trusts: an issuer, and what has to stand in its ID token, as JSON. One line of several has to hold.
CREATE TABLE bot_trust (
    id         UUID   NOT NULL PRIMARY KEY,
    bot_id     UUID   NOT NULL REFERENCES bots (id),
    conditions TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX bot_trust_bot ON bot_trust (bot_id);

-- A pipeline's session, and with it the ID token that was exchanged: its hash is unique, so that it counts once. The row
-- stays until both have ended.
CREATE TABLE ci_sessions (
    id          UUID   NOT NULL PRIMARY KEY,
    org_id      UUID   NOT NULL REFERENCES organisations (id),
    bot_id      UUID   NOT NULL REFERENCES bots (id),
    id_token    BYTEA  NOT NULL,
    client      TEXT   NOT NULL,
    attribution TEXT   NOT NULL,
    issued_at   BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    keep_until  BIGINT NOT NULL,
    revoked_at  BIGINT
);
CREATE UNIQUE INDEX ci_sessions_id_token ON ci_sessions (id_token);
CREATE INDEX ci_sessions_bot ON ci_sessions (bot_id, id);
CREATE INDEX ci_sessions_keep ON ci_sessions (keep_until);

-- The keys that sessions are signed with. The private half is sealed under the server's secret.
CREATE TABLE signing_keys (
    number     BIGINT NOT NULL PRIMARY KEY,
    public_key BYTEA  NOT NULL,
    sealed     BYTEA  NOT NULL,
    signs_from BIGINT NOT NULL,
    until      BIGINT
);
