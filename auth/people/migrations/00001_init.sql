-- +goose Up
CREATE TABLE roles (
    id          TEXT PRIMARY KEY,
    position    INTEGER NOT NULL, -- order of the document that declared it, as everywhere here
    name        TEXT NOT NULL,
    permissions TEXT NOT NULL     -- JSON array of scopes
) STRICT;

CREATE TABLE people (
    id            TEXT PRIMARY KEY, -- the "sub" of tokens: kept for ever, so that it never means somebody else
    position      INTEGER NOT NULL,
    email         TEXT NOT NULL,    -- as declared
    email_key     TEXT UNIQUE,      -- as compared (see email.go); NULL while disabled, so that the address is free again
    name          TEXT NOT NULL,
    roles         TEXT NOT NULL,    -- JSON array of role ids
    reports_to    TEXT NOT NULL,    -- a person's id, '' for nobody; no foreign key, it would be checked before the next row is in
    show_on_login INTEGER NOT NULL,
    password_hash TEXT NOT NULL,    -- argon2id; the password that signs in
    declared_hash TEXT NOT NULL,    -- argon2id; the password in the document, which counts again only once it changes there
    disabled_at   INTEGER           -- unix milliseconds, as all times here; NULL while the person can sign in
) STRICT;
CREATE INDEX people_reports_to ON people (reports_to);

-- One row: tells an unchanged document without checking every password of it.
CREATE TABLE declaration (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    credentials TEXT NOT NULL -- argon2id over all ids and passwords; SHA-256 where those are public anyway
) STRICT;

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,     -- the public "sid" of ID tokens; opens nothing
    secret_hash  TEXT NOT NULL UNIQUE, -- SHA-256 of the cookie: a copy of this table signs nobody in
    person_id    TEXT NOT NULL REFERENCES people (id),
    auth_time    INTEGER NOT NULL,     -- when the password was entered
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,     -- up to a minute late
    expires_at   INTEGER NOT NULL,     -- the absolute end, however busy the session is
    user_agent   TEXT NOT NULL,
    amr          TEXT NOT NULL         -- how the person proved it, RFC 8176, space-separated
) STRICT;
CREATE INDEX sessions_person_id ON sessions (person_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE consents (
    person_id  TEXT NOT NULL REFERENCES people (id),
    client_id  TEXT NOT NULL,
    scopes     TEXT NOT NULL, -- what was ticked, space-separated
    granted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (person_id, client_id)
) STRICT;
CREATE INDEX consents_expires_at ON consents (expires_at);

CREATE TABLE login_attempts (
    bucket   TEXT PRIMARY KEY,  -- SHA-256 of what is counted: people type passwords into the e-mail field
    failures INTEGER NOT NULL,  -- an attempt counts from before it is checked until it has succeeded
    since    INTEGER NOT NULL,  -- first of these failures
    last_at  INTEGER NOT NULL   -- latest of them
) STRICT;
CREATE INDEX login_attempts_last_at ON login_attempts (last_at);
