-- +goose Up

-- Access tokens that were replaced or taken back before they expired. They open
-- nothing; each still tells of its grant, so that revoking it ends that (RFC 7009 2.1).
CREATE TABLE replaced_access_tokens (
    hash       TEXT PRIMARY KEY, -- as in access_tokens
    request_id TEXT NOT NULL REFERENCES families (request_id),
    expires_at INTEGER
) STRICT;
CREATE INDEX replaced_access_tokens_request_id ON replaced_access_tokens (request_id);
CREATE INDEX replaced_access_tokens_expires_at ON replaced_access_tokens (expires_at);
