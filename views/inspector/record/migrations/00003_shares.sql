-- +goose Up
-- Whose a run is, so that nobody's push out everybody else's, and what it takes
-- of the file. What was recorded until now was masked by what is known to be
-- secret, so it can have secrets in it, and goes.
DELETE FROM inspector_runs;
ALTER TABLE inspector_runs ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE inspector_runs ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE inspector_runs ADD COLUMN size INTEGER NOT NULL DEFAULT 0; -- bytes
CREATE INDEX inspector_runs_shares ON inspector_runs (client, person, number, size);
