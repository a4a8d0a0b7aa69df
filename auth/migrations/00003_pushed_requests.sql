-- +goose Up
-- Authorization requests that a client has handed over beforehand (RFC 9126).
CREATE TABLE pushed_requests (
    id         TEXT PRIMARY KEY,  -- SHA-256 of the request_uri: a copy of this table begins nothing
    client_id  TEXT NOT NULL,     -- who pushed it, and alone may use it
    request    TEXT NOT NULL,     -- the validated request, JSON, as in flows
    expires_at INTEGER NOT NULL,
    used_at    INTEGER            -- set once, by compare-and-set, together with the flow that came of it
) STRICT;
CREATE INDEX pushed_requests_expires_at ON pushed_requests (expires_at);
