-- An organisation: a company or a team that gives out tokens of its own.
CREATE TABLE organisations (
    id                BLOB    NOT NULL PRIMARY KEY,
    name              TEXT    NOT NULL,
    guard             INTEGER NOT NULL,
    max_token_seconds INTEGER,
    created_at        INTEGER NOT NULL,
    changed_at        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organisations_name ON organisations (name);
CREATE INDEX organisations_changed ON organisations (changed_at);

CREATE TABLE members (
    org_id     BLOB    NOT NULL REFERENCES organisations (id),
    email      TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, email)
) STRICT;

CREATE TABLE bots (
    id         BLOB    NOT NULL PRIMARY KEY,
    org_id     BLOB    NOT NULL REFERENCES organisations (id),
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX bots_name ON bots (org_id, name) WHERE removed_at IS NULL;

CREATE TABLE bot_keys (
    id           BLOB    NOT NULL PRIMARY KEY,
    bot_id       BLOB    NOT NULL REFERENCES bots (id),
    hash         BLOB    NOT NULL,
    hint         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX bot_keys_hash ON bot_keys (hash);
CREATE INDEX bot_keys_bot ON bot_keys (bot_id);

-- Compared byte by byte on both engines: a search by the beginning of an identifier is a range.
CREATE TABLE org_tokens (
    id           BLOB    NOT NULL PRIMARY KEY,
    org_id       BLOB    NOT NULL REFERENCES organisations (id),
    identifier   TEXT    NOT NULL,
    hash         BLOB    NOT NULL,
    hint         TEXT    NOT NULL,
    made_by      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    replaces     BLOB,
    replaced_by  BLOB
) STRICT;
CREATE UNIQUE INDEX org_tokens_hash ON org_tokens (hash);
CREATE INDEX org_tokens_identifier ON org_tokens (org_id, identifier, id);
CREATE INDEX org_tokens_revoked ON org_tokens (revoked_at) WHERE revoked_at IS NOT NULL;

-- What people and bots did to an organisation. Rows are added and never changed.
CREATE TABLE audit (
    id      BLOB    NOT NULL PRIMARY KEY,
    org_id  BLOB    NOT NULL REFERENCES organisations (id),
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_org ON audit (org_id, id);
