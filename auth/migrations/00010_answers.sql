-- +goose Up
-- What a flow has come to, so that a second click gets to where the first one
-- led: NULL until it is answered.
ALTER TABLE flows ADD COLUMN answered_in TEXT;    -- public id of the browser session that it was answered in
ALTER TABLE flows ADD COLUMN answered_at INTEGER; -- when the request came that has the answer: a later one takes it over, an earlier one does not
ALTER TABLE flows ADD COLUMN grant_id TEXT;       -- the grant whose code the answer carries; NULL for a refusal
