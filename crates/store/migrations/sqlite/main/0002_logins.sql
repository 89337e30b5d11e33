-- A login that was started in a terminal: found by the browser through one id, by the package manager through another.
CREATE TABLE logins (
    id             BLOB    NOT NULL PRIMARY KEY,
    page_hash      BLOB    NOT NULL,
    poll_hash      BLOB    NOT NULL,
    network        TEXT    NOT NULL,
    client_name    TEXT    NOT NULL,
    client_version TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    email          TEXT,
    language       TEXT,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX logins_page ON logins (page_hash);
CREATE UNIQUE INDEX logins_poll ON logins (poll_hash);
CREATE INDEX logins_expiry ON logins (expires_at);

-- A login may have several codes: a mail whose outcome is unknown is sent again, and both count.
CREATE TABLE login_codes (
    id       BLOB  NOT NULL PRIMARY KEY,
    login_id BLOB  NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    mac      BLOB  NOT NULL
) STRICT;
CREATE INDEX login_codes_login ON login_codes (login_id);
