-- +goose Up
-- Grows with each change of the password, so that a sign-in which checked the
-- one before it starts no session. A hash would not do: it is also renewed
-- while the password stays.
ALTER TABLE people ADD COLUMN password_generation INTEGER NOT NULL DEFAULT 0;
