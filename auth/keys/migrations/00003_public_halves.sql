-- +goose Up
-- Of a key that is no longer published only the public half is kept, as PKIX
-- DER, to recognise an ID token that comes back as a hint. Then private_key is empty.
ALTER TABLE signing_keys ADD COLUMN public_key BLOB;
