-- What one person or bot did, and where one thing was done, newest first: found without reading the whole log.
CREATE INDEX audit_actor ON audit (org_id, actor, id);
CREATE INDEX audit_action ON audit (org_id, action, id);
-- Made anew, after these: between indexes that seem to cost the same, SQLite's planner goes by the order in which they were made.
DROP INDEX audit_org;
CREATE INDEX audit_org ON audit (org_id, id);
