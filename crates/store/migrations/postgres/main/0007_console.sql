-- A sign-in to the console that was begun: found by what the browser that asked keeps in a cookie.
CREATE TABLE sign_ins (
    id         UUID    NOT NULL PRIMARY KEY,
    browser    BYTEA   NOT NULL,
    email      TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    tries      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE UNIQUE INDEX sign_ins_browser ON sign_ins (browser);
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at);

-- It may have several codes: a mail whose outcome is unknown is sent again, and both count.
CREATE TABLE sign_in_codes (
    id         UUID NOT NULL PRIMARY KEY,
    sign_in_id UUID NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    mac        BYTEA NOT NULL
);
CREATE INDEX sign_in_codes_sign_in ON sign_in_codes (sign_in_id);

-- Somebody who is signed in to the console. The browser keeps an id of which the hash is here.
CREATE TABLE sessions (
    id         UUID    NOT NULL PRIMARY KEY,
    hash       BYTEA   NOT NULL,
    email      TEXT    NOT NULL,
    issuer     TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    network    TEXT    NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    idle_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_email ON sessions (email, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Who somebody is at an identity provider. Linked to an address once, and only to one that the provider verified.
CREATE TABLE identities (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX identities_email ON identities (issuer, email);

-- In which language somebody reads the console.
CREATE TABLE readers (
    email    TEXT NOT NULL PRIMARY KEY,
    language TEXT NOT NULL
);

-- Codes with which somebody becomes the first owner of an organisation.
CREATE TABLE owner_codes (
    id         UUID    NOT NULL PRIMARY KEY,
    mac        BYTEA   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE UNIQUE INDEX owner_codes_mac ON owner_codes (mac);

-- How long a token lives if nothing else is said; none: for ever, or as long as max_token_seconds allows.
ALTER TABLE organisations ADD COLUMN default_token_seconds BIGINT;
-- Whether people may rotate those of its tokens that carry their own address.
ALTER TABLE organisations ADD COLUMN self_rotate BIGINT NOT NULL DEFAULT 0;
-- The language of its mails to those who manage it and have none of their own.
ALTER TABLE organisations ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
-- The identity provider whose groups gave the role; empty: somebody gave it by hand.
ALTER TABLE members ADD COLUMN granted_by TEXT NOT NULL DEFAULT '';
