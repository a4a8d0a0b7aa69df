-- +goose Up
-- One row from the moment that decided about the demo fortnight, in the commit
-- that wrote it. Without it, a start that was interrupted is not over yet.
CREATE TABLE demo_week (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    seeded INTEGER NOT NULL CHECK (seeded IN (0, 1)) -- 0: the file was begun with a configuration that has no fortnight
) STRICT;
INSERT INTO demo_week (only, seeded) SELECT 1, 1 WHERE EXISTS (SELECT 1 FROM entries);
