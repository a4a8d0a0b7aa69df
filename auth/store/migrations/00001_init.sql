-- +goose Up

-- Times are unix milliseconds. Lists are JSON arrays of strings.
CREATE TABLE clients (
    id                        TEXT PRIMARY KEY CHECK (id <> ''),
    name                      TEXT NOT NULL,
    kind                      TEXT NOT NULL,
    description               TEXT NOT NULL,
    secret_hash               TEXT NOT NULL, -- SHA-256, hex; empty: a public client. Secrets are random, so a slow hash would add nothing
    redirect_uris             TEXT NOT NULL, -- may hold {base}: the address of the server is put in on load and never stored
    post_logout_redirect_uris TEXT NOT NULL, -- the same
    grants                    TEXT NOT NULL,
    scopes                    TEXT NOT NULL,
    audience                  TEXT NOT NULL, -- the same
    auth_methods              TEXT NOT NULL,
    id_token_alg              TEXT NOT NULL,
    require_pkce              INTEGER NOT NULL CHECK (require_pkce IN (0, 1)),
    introspect                INTEGER NOT NULL CHECK (introspect IN (0, 1)),
    source                    TEXT NOT NULL CHECK (source IN ('config', 'runtime')),
    position                  INTEGER,       -- place in the declaration; NULL for one made at run time
    created_at                INTEGER NOT NULL,
    disabled_at               INTEGER        -- NULL: enabled. Rows stay, because grants refer to them
) STRICT;

-- One row for each grant: the family of everything that shares a request id.
-- Its death is one column, so that no token can be missed.
CREATE TABLE families (
    request_id TEXT PRIMARY KEY,
    client_id  TEXT NOT NULL REFERENCES clients (id),
    subject    TEXT,             -- NULL where nobody stands behind it
    sid        TEXT,             -- public id of the browser session, NULL without one
    created_at INTEGER NOT NULL,
    ends_at    INTEGER,          -- when the last of its tokens has expired; NULL: one of them never does
    revoked_at INTEGER           -- set once, never cleared: nothing can be added to a dead family
) STRICT;
CREATE INDEX families_client_id ON families (client_id) WHERE revoked_at IS NULL;
CREATE INDEX families_subject ON families (subject) WHERE revoked_at IS NULL;
CREATE INDEX families_sid ON families (sid) WHERE revoked_at IS NULL;
CREATE INDEX families_ends_at ON families (ends_at);

-- The five tables of requests differ in what their key stands for. The key is
-- a hash once more, because fosite acts on a signature alone: whoever read a
-- stored one could get the family revoked with it.
CREATE TABLE codes (
    hash               TEXT PRIMARY KEY,  -- SHA-256 of the code's signature, hex
    request_id         TEXT NOT NULL REFERENCES families (request_id),
    requested_at       INTEGER NOT NULL,
    requested_scopes   TEXT NOT NULL,
    granted_scopes     TEXT NOT NULL,
    requested_audience TEXT NOT NULL,
    granted_audience   TEXT NOT NULL,
    form               TEXT NOT NULL,     -- url-encoded, without any secret
    session            TEXT NOT NULL,     -- the fosite.Session as JSON
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER,
    used_at            INTEGER            -- set once, by compare-and-set. The row stays: only so is a replay noticed
) STRICT;
CREATE INDEX codes_request_id ON codes (request_id);

CREATE TABLE pkce (
    hash               TEXT PRIMARY KEY,  -- of the code's signature, as in codes
    request_id         TEXT NOT NULL REFERENCES families (request_id),
    requested_at       INTEGER NOT NULL,
    requested_scopes   TEXT NOT NULL,
    granted_scopes     TEXT NOT NULL,
    requested_audience TEXT NOT NULL,
    granted_audience   TEXT NOT NULL,
    form               TEXT NOT NULL,     -- holds code_challenge and code_challenge_method
    session            TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER
) STRICT;
CREATE INDEX pkce_request_id ON pkce (request_id);

CREATE TABLE oidc (
    hash               TEXT PRIMARY KEY,  -- SHA-256 of the whole code: fosite hands that in here
    request_id         TEXT NOT NULL REFERENCES families (request_id),
    requested_at       INTEGER NOT NULL,
    requested_scopes   TEXT NOT NULL,
    granted_scopes     TEXT NOT NULL,
    requested_audience TEXT NOT NULL,
    granted_audience   TEXT NOT NULL,
    form               TEXT NOT NULL,     -- holds nonce, which only the first ID token repeats
    session            TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER
) STRICT;
CREATE INDEX oidc_request_id ON oidc (request_id);

CREATE TABLE access_tokens (
    hash               TEXT PRIMARY KEY,
    request_id         TEXT NOT NULL REFERENCES families (request_id),
    requested_at       INTEGER NOT NULL,
    requested_scopes   TEXT NOT NULL,
    granted_scopes     TEXT NOT NULL,     -- of this token: may be fewer than the grant's, which the refresh token keeps
    requested_audience TEXT NOT NULL,
    granted_audience   TEXT NOT NULL,
    form               TEXT NOT NULL,
    session            TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER
) STRICT;
CREATE INDEX access_tokens_request_id ON access_tokens (request_id);
CREATE INDEX access_tokens_expires_at ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
    hash               TEXT PRIMARY KEY,
    request_id         TEXT NOT NULL REFERENCES families (request_id),
    requested_at       INTEGER NOT NULL,
    requested_scopes   TEXT NOT NULL,
    granted_scopes     TEXT NOT NULL,
    requested_audience TEXT NOT NULL,
    granted_audience   TEXT NOT NULL,
    form               TEXT NOT NULL,
    session            TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER,           -- NULL: never
    used_at            INTEGER            -- set once, by compare-and-set. The row stays, as in codes
) STRICT;
CREATE INDEX refresh_tokens_request_id ON refresh_tokens (request_id);

CREATE TABLE client_assertions (
    hash       TEXT PRIMARY KEY,          -- SHA-256 of the jti, whose length and content are the client's choice
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX client_assertions_expires_at ON client_assertions (expires_at);
