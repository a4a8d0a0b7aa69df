-- +goose Up

-- What a person allowed a device, until the device fetches it (RFC 8628 3.4).
-- It is a row like those of codes, made at the moment of the approval: so a
-- sign-out or a disabled person ends it by its family, before any token is made.
CREATE TABLE device_codes (
    hash               TEXT PRIMARY KEY,  -- SHA-256 of the device code, hex: all that is known of it at the approval
    request_id         TEXT NOT NULL REFERENCES families (request_id),
    requested_at       INTEGER NOT NULL,
    requested_scopes   TEXT NOT NULL,
    granted_scopes     TEXT NOT NULL,
    requested_audience TEXT NOT NULL,
    granted_audience   TEXT NOT NULL,
    form               TEXT NOT NULL,
    session            TEXT NOT NULL,
    created_at         INTEGER NOT NULL,  -- when it was allowed
    expires_at         INTEGER,
    used_at            INTEGER            -- set once, by compare-and-set. The row stays, as in codes
) STRICT;
CREATE INDEX device_codes_request_id ON device_codes (request_id);
