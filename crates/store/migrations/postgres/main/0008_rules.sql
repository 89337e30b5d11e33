-- What an organisation blocks, allows and warns of for its own people and pipelines.
CREATE TABLE org_rules (
    id         UUID    NOT NULL PRIMARY KEY,
    org_id     UUID    NOT NULL REFERENCES organisations (id),
    effect     TEXT    NOT NULL,
    package    TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    expires_at BIGINT,
    made_by    TEXT    NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX org_rules_of ON org_rules (org_id, effect, package);
-- When they last changed; none: it never had one. Nodes tell by it whether what they hold is what is there.
ALTER TABLE organisations ADD COLUMN rules_at BIGINT;
CREATE INDEX organisations_rules ON organisations (rules_at) WHERE rules_at IS NOT NULL;
