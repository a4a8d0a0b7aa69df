-- +goose Up
-- One row: what the file was seeded with, and how often it was set back to it.
CREATE TABLE seeding (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    document TEXT NOT NULL,    -- SHA-256 of the document applied last, without passwords and secrets: a fast hash of those could be tried out
    builtin  INTEGER NOT NULL CHECK (builtin IN (0, 1)), -- it was the built-in one
    resets   INTEGER NOT NULL  -- only grows: a server sees by it that another process has set the file back
) STRICT;
