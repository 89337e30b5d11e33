-- Tokens by whom they were given to, whatever the organisation: for the person whose address it is.
CREATE INDEX org_tokens_carried ON org_tokens (identifier, id);
