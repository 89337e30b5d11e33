-- Answers to calls with an Idempotency-Key, for a day. The key itself is not here, and the answer is sealed under it.
CREATE TABLE repeats (
    scope      BYTEA  NOT NULL PRIMARY KEY,
    request    BYTEA  NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX repeats_created ON repeats (created_at);

-- What was told about a token: that it ends soon, or that it was used after its end. Once for each number.
CREATE TABLE told (
    token_id UUID   NOT NULL REFERENCES org_tokens (id),
    what     TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (token_id, what, number)
);
CREATE INDEX told_at ON told (at);

CREATE INDEX org_tokens_expires ON org_tokens (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX org_tokens_replacing ON org_tokens (created_at) WHERE replaces IS NOT NULL;
CREATE INDEX audit_at ON audit (org_id, at);
