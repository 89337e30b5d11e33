-- A sign-in to the console that was begun: found by what the browser that asked keeps in a cookie.
CREATE TABLE sign_ins (
    id         BLOB    NOT NULL PRIMARY KEY,
    browser    BLOB    NOT NULL,
    email      TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    tries      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX sign_ins_browser ON sign_ins (browser);
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at);

-- It may have several codes: a mail whose outcome is unknown is sent again, and both count.
CREATE TABLE sign_in_codes (
    id         BLOB NOT NULL PRIMARY KEY,
    sign_in_id BLOB NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    mac        BLOB NOT NULL
) STRICT;
CREATE INDEX sign_in_codes_sign_in ON sign_in_codes (sign_in_id);

-- Somebody who is signed in to the console. The browser keeps an id of which the hash is here.
CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL,
    email      TEXT    NOT NULL,
    issuer     TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    network    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    idle_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_email ON sessions (email, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Who somebody is at an identity provider. Linked to an address once, and only to one that the provider verified.
CREATE TABLE identities (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT;
CREATE UNIQUE INDEX identities_email ON identities (issuer, email);

-- In which language somebody reads the console.
CREATE TABLE readers (
    email    TEXT NOT NULL PRIMARY KEY,
    language TEXT NOT NULL
) STRICT;

-- Codes with which somebody becomes the first owner of an organisation.
CREATE TABLE owner_codes (
    id         BLOB    NOT NULL PRIMARY KEY,
    mac        BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX owner_codes_mac ON owner_codes (mac);

-- How long a token lives if nothing else is said; none: for ever, or as long as max_token_seconds allows.
ALTER TABLE organisations ADD COLUMN default_token_seconds INTEGER;
-- Whether people may rotate those of its tokens that carry their own address.
ALTER TABLE organisations ADD COLUMN self_rotate INTEGER NOT NULL DEFAULT 0;
-- The language of its mails to those who manage it and have none of their own.
ALTER TABLE organisations ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
-- The identity provider whose groups gave the role; empty: somebody gave it by hand.
ALTER TABLE members ADD COLUMN granted_by TEXT NOT NULL DEFAULT '';
