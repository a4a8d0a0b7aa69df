-- +goose Up
-- Runs as they were recorded, without their secrets: each is six characters and
-- a hash. What is here opens nothing.
CREATE TABLE inspector_runs (
    number     INTEGER PRIMARY KEY, -- as in the address of its page; never given twice
    began_at   INTEGER NOT NULL,    -- unix milliseconds, as all times here
    updated_at INTEGER NOT NULL,
    summary    TEXT NOT NULL,       -- JSON: what a list shows
    links      BLOB NOT NULL,       -- 16 bytes each, of SHA-256: what connects a later exchange to it
    body       TEXT NOT NULL        -- JSON: its exchanges
) STRICT;
