-- +goose Up
-- What a person has taken back of a grant. It only grows: whatever is read of
-- the family loses these scopes, and nothing that has one is added to it.
ALTER TABLE families ADD COLUMN withdrawn TEXT NOT NULL DEFAULT '[]';
-- When one of its access tokens was last used: up to a minute late, NULL for never.
ALTER TABLE families ADD COLUMN used_at INTEGER;
