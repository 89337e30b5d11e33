-- What one person or bot did, and where one thing was done, newest first: found without reading the whole log.
CREATE INDEX audit_actor ON audit (org_id, actor, id);
CREATE INDEX audit_action ON audit (org_id, action, id);
