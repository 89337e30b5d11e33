-- An organisation: a company or a team that gives out tokens of its own.
CREATE TABLE organisations (
    id                UUID NOT NULL PRIMARY KEY,
    name              TEXT NOT NULL,
    guard             BIGINT NOT NULL,
    max_token_seconds BIGINT,
    created_at        BIGINT NOT NULL,
    changed_at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX organisations_name ON organisations (name);
CREATE INDEX organisations_changed ON organisations (changed_at);

CREATE TABLE members (
    org_id     UUID NOT NULL REFERENCES organisations (id),
    email      TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, email)
);

CREATE TABLE bots (
    id         UUID NOT NULL PRIMARY KEY,
    org_id     UUID NOT NULL REFERENCES organisations (id),
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX bots_name ON bots (org_id, name) WHERE removed_at IS NULL;

CREATE TABLE bot_keys (
    id           UUID NOT NULL PRIMARY KEY,
    bot_id       UUID NOT NULL REFERENCES bots (id),
    hash         BYTEA NOT NULL,
    hint         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE UNIQUE INDEX bot_keys_hash ON bot_keys (hash);
CREATE INDEX bot_keys_bot ON bot_keys (bot_id);

-- Compared byte by byte on both engines: a search by the beginning of an identifier is a range.
CREATE TABLE org_tokens (
    id           UUID NOT NULL PRIMARY KEY,
    org_id       UUID NOT NULL REFERENCES organisations (id),
    identifier   TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL,
    hint         TEXT NOT NULL,
    made_by      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT,
    replaces     UUID,
    replaced_by  UUID
);
CREATE UNIQUE INDEX org_tokens_hash ON org_tokens (hash);
CREATE INDEX org_tokens_identifier ON org_tokens (org_id, identifier, id);
CREATE INDEX org_tokens_revoked ON org_tokens (revoked_at) WHERE revoked_at IS NOT NULL;

-- What people and bots did to an organisation. Rows are added and never changed.
CREATE TABLE audit (
    id      UUID NOT NULL PRIMARY KEY,
    org_id  UUID NOT NULL REFERENCES organisations (id),
    at      BIGINT NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL
);
CREATE INDEX audit_org ON audit (org_id, id);
