-- A login that was started in a terminal: found by the browser through one id, by the package manager through another.
CREATE TABLE logins (
    id             UUID    NOT NULL PRIMARY KEY,
    page_hash      BYTEA   NOT NULL,
    poll_hash      BYTEA   NOT NULL,
    network        TEXT    NOT NULL,
    client_name    TEXT    NOT NULL,
    client_version TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    email          TEXT,
    language       TEXT,
    created_at     BIGINT  NOT NULL,
    expires_at     BIGINT  NOT NULL
);
CREATE UNIQUE INDEX logins_page ON logins (page_hash);
CREATE UNIQUE INDEX logins_poll ON logins (poll_hash);
CREATE INDEX logins_expiry ON logins (expires_at);

-- A login may have several codes: a mail whose outcome is unknown is sent again, and both count.
CREATE TABLE login_codes (
    id       UUID  NOT NULL PRIMARY KEY,
    login_id UUID  NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    mac      BYTEA NOT NULL
);
CREATE INDEX login_codes_login ON login_codes (login_id);
