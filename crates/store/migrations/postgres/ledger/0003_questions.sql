-- Rows lie in a table per month, by the time in their ids, so that old months can be dropped. What was written before is
-- the first part, as it is; it ends with the month of this update.
DROP INDEX entries_account;
DROP INDEX entries_package;
ALTER TABLE entries RENAME TO entries_first;
ALTER INDEX entries_pkey RENAME TO entries_first_pkey;
CREATE TABLE entries (LIKE entries_first INCLUDING DEFAULTS) PARTITION BY RANGE (id);
ALTER TABLE entries ADD PRIMARY KEY (id);
DO $$
DECLARE
    latest BIGINT := (SELECT COALESCE(MAX(at), 0) FROM entries_first);
    month  TIMESTAMP := date_trunc('month', GREATEST(now(), to_timestamp(latest / 1000.0)) AT TIME ZONE 'UTC') + interval '1 month';
    first  TEXT := lpad(to_hex((EXTRACT(EPOCH FROM month) * 1000)::BIGINT), 12, '0') || repeat('0', 20);
BEGIN
    EXECUTE format('ALTER TABLE entries ATTACH PARTITION entries_first FOR VALUES FROM (MINVALUE) TO (%L)', first);
END
$$;
-- For rows of a month whose part is not there. Parts are made months ahead, so it stays empty.
CREATE TABLE entries_rest PARTITION OF entries DEFAULT;

CREATE INDEX entries_owner ON entries (owner_id, id);
CREATE INDEX entries_package ON entries (owner_id, ecosystem, name, id);
CREATE INDEX entries_release ON entries (ecosystem, name, version, owner_id, id);
CREATE INDEX entries_subject ON entries (owner_id, subject, id) WHERE subject <> '';
CREATE INDEX entries_repository ON entries (owner_id, split_part(ci, E'\n', 1), id) WHERE ci <> '';
CREATE INDEX entries_refused ON entries (owner_id, id) WHERE outcome = 'refused';
