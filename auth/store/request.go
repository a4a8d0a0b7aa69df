package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// kind is one of the six kinds of rows that store a request.
type kind struct {
	table  string
	name   string           // in the ledger
	expiry fosite.TokenType // which of the session's expiries applies
	spent  error            // fosite's error for a used one; nil if it can be used more than once
	once   ledger.Rule      // the rule about single use
	insert string
	get    string
}

var (
	code = newKind(kind{table: "codes", name: "authorization code", expiry: fosite.AuthorizeCode,
		spent: fosite.ErrInvalidatedAuthorizeCode, once: rules.CodeOnce})
	device = newKind(kind{table: "device_codes", name: "device code", expiry: DeviceCode,
		spent: fosite.ErrInactiveToken, once: rules.DeviceCodeOnce})
	challenge = newKind(kind{table: "pkce", name: "code challenge", expiry: fosite.AuthorizeCode})
	identity  = newKind(kind{table: "oidc", name: "OpenID Connect request", expiry: fosite.AuthorizeCode})
	access    = newKind(kind{table: "access_tokens", name: "access token", expiry: fosite.AccessToken})
	refresh   = newKind(kind{table: "refresh_tokens", name: "refresh token", expiry: fosite.RefreshToken,
		spent: fosite.ErrInactiveToken, once: rules.RefreshOnce})
)

func newKind(k kind) kind {
	used := "NULL"
	if k.spent != nil {
		used = "r.used_at"
	}
	k.insert = `INSERT INTO ` + k.table + ` (hash, request_id, requested_at, requested_scopes, granted_scopes,
		requested_audience, granted_audience, form, session, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	k.get = `SELECT r.request_id, f.client_id, r.requested_at, r.requested_scopes, r.granted_scopes,
		r.requested_audience, r.granted_audience, r.form, r.session, ` + used + ` IS NOT NULL, f.revoked_at IS NOT NULL, f.withdrawn
		FROM ` + k.table + ` r JOIN families f USING (request_id) WHERE r.hash = ?`
	return k
}

// neverStored lists the secrets that a form may contain during a request.
// fosite removes them itself unless its list of parameters is extended.
var neverStored = []string{"code", "device_code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "password"}

// create stores the request r under secret, and in its family. Everything is
// encoded now: fosite changes r afterwards, and in a unit the write comes
// later.
func (s *Store) create(ctx context.Context, k kind, secret string, r fosite.Requester) error {
	return s.createAt(ctx, k, ledger.Hash(secret), r)
}

func (s *Store) createAt(ctx context.Context, k kind, key string, r fosite.Requester) error {
	session := r.GetSession()
	if session == nil {
		return errors.New("a request without a session cannot be stored")
	}
	encoded, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("encode the session of a request: %w", err)
	}
	form := url.Values{}
	for name, values := range r.GetRequestForm() {
		form[name] = values
	}
	for _, name := range neverStored {
		form.Del(name)
	}
	scopes := r.GetGrantedScopes()
	if narrow, ok := session.(interface{ AccessScopes() []string }); ok && k.table == access.table {
		if own := narrow.AccessScopes(); own != nil {
			scopes = own // RFC 6749 6: this token may have fewer scopes; the grant keeps all of its own
		}
	}
	now, expiry := s.now(), session.GetExpiresAt(k.expiry)
	f := familyOf(r, now, expiry)
	f.adds = list(scopes)
	args := []any{
		key, f.requestID, r.GetRequestedAt().UnixMilli(), list(r.GetRequestedScopes()), list(scopes),
		list(r.GetRequestedAudience()), list(r.GetGrantedAudience()), form.Encode(), string(encoded),
		now.UnixMilli(), millis(expiry),
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := f.join(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(k.insert, args...); err != nil {
			return fmt.Errorf("store %s: %w", k.name, err)
		}
		return nil
	}, func() { s.joined(ctx, k, f) }, s.wrote(ctx, "insert", k.table, k.name, ledger.Short(key), slog.String("family", f.requestID)))
}

// joined reports the rules of a family that got a new member, once for
// everything that is issued together: an access token is always part of it.
func (s *Store) joined(ctx context.Context, k kind, f family) {
	if k.table == access.table {
		s.check(ctx, true, f.stands(true))
		s.check(ctx, true, f.complete(true))
	}
}

// load reads the request stored under secret, and its session into the given
// one; nil makes a new one. With ErrSpent the request is also returned,
// because a replay revokes its family. It returns fosite.ErrNotFound if there
// is no such row, or if its client is no longer served.
func (s *Store) load(ctx context.Context, k kind, secret string, into fosite.Session) (fosite.Requester, error) {
	return s.loadAt(ctx, k, ledger.Hash(secret), into)
}

func (s *Store) loadAt(ctx context.Context, k kind, key string, into fosite.Session) (fosite.Requester, error) {
	var (
		r                                  fosite.Request
		clientID, form, session            string
		asked, granted, askedAud, grantAud string
		requestedAt                        int64
		used, revoked                      bool
		withdrawn                          string
	)
	err := s.one(ctx, k.get, []any{key}, &r.ID, &clientID, &requestedAt, &asked, &granted, &askedAud, &grantAud, &form, &session, &used, &revoked, &withdrawn)
	if err != nil {
		return nil, err
	}
	if r.Client, err = s.GetClient(ctx, clientID); err != nil {
		return nil, err
	}
	if into == nil {
		into = s.session()
	}
	r.RequestedAt, r.Session = time.UnixMilli(requestedAt).UTC(), into
	r.RequestedScope, r.GrantedScope, r.RequestedAudience, r.GrantedAudience = items(asked), within(without(items(granted), items(withdrawn)), r.Client.GetScopes()), items(askedAud), items(grantAud)
	if r.Form, err = url.ParseQuery(form); err != nil {
		return nil, fmt.Errorf("stored form of %s %s: %w", k.name, ledger.Short(key), err)
	}
	// In place, because fosite continues with the session that it passed.
	if err := json.Unmarshal([]byte(session), into); err != nil {
		return nil, fmt.Errorf("stored session of %s %s: %w", k.name, ledger.Short(key), err)
	}
	return s.standing(ctx, k, key, &r, used, revoked)
}

// standing decides whether a stored request can still be used.
func (s *Store) standing(ctx context.Context, k kind, key string, r fosite.Requester, used, revoked bool) (fosite.Requester, error) {
	switch {
	case k.spent != nil:
		// RFC 6749 4.1.2, RFC 9700 4.14.2: a second use is refused, otherwise
		// a stolen code or token would work once more.
		v := onceOnly(k, key, used, revoked)
		if !s.check(ctx, !used && !revoked, v) {
			return r, &refusal{verdict: v, fosite: k.spent}
		}
	case revoked && k.table == access.table:
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

// onceOnly returns the verdict about single use.
func onceOnly(k kind, key string, used, revoked bool) verdict {
	v := verdict{rule: k.once, expected: "unused, family not revoked", got: "unused", kind: k.name, id: ledger.Short(key)}
	switch {
	case used:
		v.got = "used before"
	case revoked:
		v.got = "family revoked"
	}
	return v
}

// without returns the granted scopes that were not taken back since.
func without(granted, withdrawn []string) []string {
	return slices.DeleteFunc(granted, func(scope string) bool { return slices.Contains(withdrawn, scope) })
}

// within returns the scopes that the client may still have: a scope that a
// configuration takes from a client is removed from all its grants (OWASP ASVS
// 8.3.2).
func within(granted, allowed []string) []string {
	return slices.DeleteFunc(granted, func(scope string) bool { return !slices.Contains(allowed, scope) })
}

// list and items convert lists of strings to their stored form and back.
func list(of []string) string {
	if len(of) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(of) // strings always encode
	return string(b)
}

func items(stored string) (out []string) {
	_ = json.Unmarshal([]byte(stored), &out) // list wrote it
	return out
}
