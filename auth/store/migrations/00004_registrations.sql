-- +goose Up

-- What stands behind a client that registered itself, RFC 7591. No row: it was declared.
CREATE TABLE registrations (
    client_id     TEXT PRIMARY KEY REFERENCES clients (id),
    token_hash    TEXT NOT NULL,              -- SHA-256 of its registration access token, hex (RFC 7592 3)
    metadata      TEXT NOT NULL,              -- as registered, JSON: what a read gives back
    vouched       INTEGER NOT NULL CHECK (vouched IN (0, 1)), -- it came with an initial access token
    registered_at INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,           -- moved on by each use; the client is nobody from then on
    last_used_at  INTEGER                     -- NULL: nothing was ever issued to it
) STRICT;
CREATE INDEX registrations_expires_at ON registrations (expires_at);

CREATE TABLE initial_access_tokens (
    hash       TEXT PRIMARY KEY,              -- SHA-256, hex
    uses       INTEGER NOT NULL,              -- registrations that are left
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- A client that is gone is deleted once no grant refers to it, so dead grants have to be found by it too.
DROP INDEX families_client_id;
CREATE INDEX families_client_id ON families (client_id);
