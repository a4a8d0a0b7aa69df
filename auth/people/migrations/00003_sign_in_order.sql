-- +goose Up
-- The order of sign-ins, which no clock can say once it has been set back. It
-- only grows; a session that is older than this column was the 0th.
CREATE TABLE sign_ins (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO sign_ins (only, last) VALUES (1, 0);
ALTER TABLE sessions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
