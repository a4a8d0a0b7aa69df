-- +goose Up
-- Empty without --refresh-grace. A row lives for some seconds, see successor.go.
CREATE TABLE successors (
    hash       TEXT PRIMARY KEY,           -- of the used refresh token, as in refresh_tokens
    request_id TEXT NOT NULL REFERENCES families (request_id),
    successor  TEXT NOT NULL,              -- hash of the token that took its place
    sealed     BLOB NOT NULL,              -- that token, under a key made of the used one, which is stored nowhere
    answered   INTEGER NOT NULL DEFAULT 0, -- how often it was given out again
    expires_at INTEGER NOT NULL            -- when the grace is over
) STRICT;
CREATE INDEX successors_request_id ON successors (request_id);
CREATE INDEX successors_successor ON successors (successor);
CREATE INDEX successors_expires_at ON successors (expires_at);
