-- Every commit of rows, in the order of commits: from which id to which. Ids are made before rows wait for the writer, so
-- they say little about the order of commits; the index (ledger-index.db) follows by this table and misses no row.
CREATE TABLE commits (
    seq      INTEGER PRIMARY KEY,
    first_id BLOB NOT NULL,
    last_id  BLOB NOT NULL
) STRICT;
