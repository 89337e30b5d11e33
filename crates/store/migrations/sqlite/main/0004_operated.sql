-- An organisation that was removed keeps its row, because the audit log and the ledger name it. Its name is free again.
ALTER TABLE organisations ADD COLUMN removed_at INTEGER;
-- How long its rows of the ledger are kept; none: as long as the server's default says.
ALTER TABLE organisations ADD COLUMN retention_days INTEGER;
DROP INDEX organisations_name;
CREATE UNIQUE INDEX organisations_name ON organisations (name) WHERE removed_at IS NULL;
