-- +goose Up
CREATE TABLE signing_keys (
    kid             TEXT    PRIMARY KEY,                              -- RFC 7638 thumbprint, so it is the key's own and never reused
    alg             TEXT    NOT NULL CHECK (alg IN ('ES256', 'RS256')), -- a key signs with one algorithm only
    use             TEXT    NOT NULL CHECK (use = 'sig'),             -- RFC 7517 4.2, as published
    private_key     BLOB    NOT NULL,                                 -- PKCS#8 DER, in clear: this is why the file has mode 0600
    created_at      INTEGER NOT NULL,                                 -- unix ms, as all times here
    signs_from      INTEGER NOT NULL,                                 -- published before it signs, so that caches have it in time
    retired_at      INTEGER,                                          -- signs nothing from then on; NULL: still in use
    published_until INTEGER                                           -- when the last token it signed has expired; NULL: not known yet
) STRICT;
