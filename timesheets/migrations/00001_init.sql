-- +goose Up
CREATE TABLE entries (
    id         TEXT PRIMARY KEY,   -- ts_ and 80 random bits: knowing one tells nothing about another
    user_id    TEXT NOT NULL,      -- the subject of the token it was made with
    project    TEXT NOT NULL,
    date       TEXT NOT NULL,      -- YYYY-MM-DD, a calendar day without a time zone; sorts as text
    quarters   INTEGER NOT NULL CHECK (quarters BETWEEN 1 AND 96), -- quarter hours: sums stay exact
    notes      TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
    decided_by TEXT,
    decided_at INTEGER,            -- unix milliseconds, as all times here
    comment    TEXT,               -- of the decision; NULL where nothing was said
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,   -- counts changes; the entity tag
    CHECK ((status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL))
) STRICT;
CREATE INDEX entries_of_person ON entries (user_id, date, created_at, id);
CREATE INDEX entries_pending ON entries (user_id, date, created_at, id) WHERE status = 'pending';

-- One random key, made at the first start, that authenticates page cursors:
-- with it in the file, a cursor survives a restart.
CREATE TABLE cursor_key (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    key  BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
