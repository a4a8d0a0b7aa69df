-- +goose Up

-- What devices have asked for, RFC 8628 3.1. One row from the request until a
-- day after its end; what was allowed stands in the store's device_codes.
CREATE TABLE device_requests (
    id         TEXT PRIMARY KEY,     -- SHA-256 of the device code, hex
    user_code  TEXT NOT NULL UNIQUE, -- SHA-256 of what a person types. Short enough to be tried out by who reads this file; it only finds the request, and opens nothing
    client_id  TEXT NOT NULL,
    scopes     TEXT NOT NULL,        -- space-separated, as asked for
    audience   TEXT NOT NULL,
    source     TEXT NOT NULL,        -- network address it was asked from, for the person to judge by
    user_agent TEXT NOT NULL,        -- what the device says it is; anybody can say anything
    created_at INTEGER NOT NULL,     -- unix milliseconds, as all times here
    expires_at INTEGER NOT NULL,
    interval   INTEGER NOT NULL,     -- seconds between polls; grows with each that comes too early
    polled_at  INTEGER,              -- NULL until the first poll
    decision   TEXT CHECK (decision IN ('allow', 'deny')), -- set once, by compare-and-set: whoever types the code, one answer counts
    decided_at INTEGER
) STRICT;
CREATE INDEX device_requests_expires_at ON device_requests (expires_at);

-- Flows of a third kind, and a column of theirs. SQLite changes no CHECK in place.
CREATE TABLE flows_of_three_kinds (
    id         TEXT PRIMARY KEY,  -- SHA-256 of the handle in the URL: a copy of this table resumes nothing
    kind       TEXT NOT NULL CHECK (kind IN ('authorization', 'device', 'logout')),
    browser    TEXT,              -- SHA-256 of the browser's cookie; NULL while parked by a POST from another origin
    request    TEXT NOT NULL,     -- the validated request, JSON: the truth that no form field can change
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    compared   TEXT,              -- of a device: the person who said that it shows the same code
    decision   TEXT CHECK (decision IN ('allow', 'deny')), -- set once, by compare-and-set
    subject    TEXT,              -- the person who decided
    granted    TEXT,              -- space-separated scopes, decided on the server
    spent_at   INTEGER            -- set once, together with the code that came of it
) STRICT;
INSERT INTO flows_of_three_kinds (id, kind, browser, request, created_at, expires_at, decision, subject, granted, spent_at)
    SELECT id, kind, browser, request, created_at, expires_at, decision, subject, granted, spent_at FROM flows;
DROP TABLE flows;
ALTER TABLE flows_of_three_kinds RENAME TO flows;
CREATE INDEX flows_expires_at ON flows (expires_at);
