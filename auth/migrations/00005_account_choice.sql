-- +goose Up
-- The person who said, on the page that prompt=select_account asks for, to go
-- on with this account. Set once, by compare-and-set.
ALTER TABLE flows ADD COLUMN selected TEXT;
