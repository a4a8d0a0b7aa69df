-- +goose Up
CREATE TABLE dpop_proofs (
    hash       TEXT PRIMARY KEY,  -- SHA-256 of key and jti, hex: the jti is the client's choice, and as long as it likes
    expires_at INTEGER NOT NULL   -- unix milliseconds; from then on its iat is too old, and the row remembers nothing
) STRICT, WITHOUT ROWID;
CREATE INDEX dpop_proofs_expires_at ON dpop_proofs (expires_at);
