-- A row's owner is a personal account or an organisation.
ALTER TABLE entries RENAME COLUMN account_id TO owner_id;
-- Who in an organisation: a user identifier, or a bot's id. Empty in a personal account's row. Compared byte by byte: a
-- search by the beginning of an identifier is a range.
ALTER TABLE entries ADD COLUMN subject TEXT COLLATE "C" NOT NULL DEFAULT '';
-- What a pipeline said of itself: repository, workflow, run and commit, a line each. Empty if it was none.
ALTER TABLE entries ADD COLUMN ci TEXT NOT NULL DEFAULT '';
