-- +goose Up
-- How often a refresh token was given out once more, within a grace. It is kept
-- with the token, because it still matters when that is used, minutes later.
ALTER TABLE refresh_tokens ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE successors DROP COLUMN answered;
