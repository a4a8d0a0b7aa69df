-- +goose Up
CREATE TABLE flows (
    id         TEXT PRIMARY KEY,  -- SHA-256 of the handle in the URL: a copy of this table resumes nothing
    kind       TEXT NOT NULL CHECK (kind IN ('authorization', 'logout')),
    browser    TEXT,              -- SHA-256 of the browser's cookie; NULL while parked by a POST from another origin
    request    TEXT NOT NULL,     -- the validated request, JSON: the truth that no form field can change
    created_at INTEGER NOT NULL,  -- unix milliseconds, as all times here
    expires_at INTEGER NOT NULL,
    decision   TEXT CHECK (decision IN ('allow', 'deny')), -- set once, by compare-and-set
    subject    TEXT,              -- the person who decided
    granted    TEXT,              -- space-separated scopes, decided on the server
    spent_at   INTEGER            -- set once, together with the code that came of it
) STRICT;
CREATE INDEX flows_expires_at ON flows (expires_at);
