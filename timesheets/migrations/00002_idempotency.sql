-- +goose Up
-- What a request with an Idempotency-Key was answered, for as long as it may be
-- sent again.
CREATE TABLE idempotency_answers (
    key        BLOB PRIMARY KEY CHECK (length(key) = 32), -- SHA-256 of the caller and the key, which itself is not kept
    request    BLOB NOT NULL CHECK (length(request) = 32), -- SHA-256 of the operation and what it was asked
    answer     TEXT NOT NULL,                              -- JSON: headers and body
    expires_at INTEGER NOT NULL                            -- unix milliseconds
) STRICT;
CREATE INDEX idempotency_answers_by_expiry ON idempotency_answers (expires_at);
