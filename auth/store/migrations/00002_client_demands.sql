-- +goose Up

-- What a client is held to beyond the defaults.
ALTER TABLE clients ADD COLUMN require_par INTEGER NOT NULL DEFAULT 0 CHECK (require_par IN (0, 1)); -- RFC 9126 6: only pushed authorization requests
ALTER TABLE clients ADD COLUMN dpop_bound  INTEGER NOT NULL DEFAULT 0 CHECK (dpop_bound IN (0, 1));  -- RFC 9449 5.2: only sender-constrained tokens
ALTER TABLE clients ADD COLUMN jwks        TEXT    NOT NULL DEFAULT ''; -- RFC 7591 2: public keys it signs assertions with, as a JWK set; empty: none
