-- Which pipelines a bot trusts: an issuer, and what has to stand in its ID token, as JSON. One line of several has to hold.
CREATE TABLE bot_trust (
    id         BLOB    NOT NULL PRIMARY KEY,
    bot_id     BLOB    NOT NULL REFERENCES bots (id),
    conditions TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_trust_bot ON bot_trust (bot_id);

-- A pipeline's session, and with it the ID token that was exchanged: its hash is unique, so that it counts once. The row
-- stays until both have ended.
CREATE TABLE ci_sessions (
    id          BLOB    NOT NULL PRIMARY KEY,
    org_id      BLOB    NOT NULL REFERENCES organisations (id),
    bot_id      BLOB    NOT NULL REFERENCES bots (id),
    id_token    BLOB    NOT NULL,
    client      TEXT    NOT NULL,
    attribution TEXT    NOT NULL,
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    keep_until  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX ci_sessions_id_token ON ci_sessions (id_token);
CREATE INDEX ci_sessions_bot ON ci_sessions (bot_id, id);
CREATE INDEX ci_sessions_keep ON ci_sessions (keep_until);

-- The keys that sessions are signed with. The private half is sealed under the server's secret.
CREATE TABLE signing_keys (
    number     INTEGER NOT NULL PRIMARY KEY,
    public_key BLOB    NOT NULL,
    sealed     BLOB    NOT NULL,
    signs_from INTEGER NOT NULL,
    until      INTEGER
) STRICT;
