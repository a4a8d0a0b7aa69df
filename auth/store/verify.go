package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// TokenRecord is what is known of a valid access token.
type TokenRecord struct {
	RequestID string // of its grant
	ClientID  string
	Subject   string // "" if the client acts for itself
	SessionID string // public id of the browser session, or ""
	Scopes    []string
	Audience  []string
	IssuedAt  time.Time
	ExpiresAt time.Time
}

const livingToken = `SELECT t.request_id, f.client_id, f.subject, f.sid, t.granted_scopes, t.granted_audience, t.created_at, t.expires_at
	FROM access_tokens t JOIN families f USING (request_id) JOIN clients c ON c.id = f.client_id
	WHERE t.hash = ? AND t.expires_at > ? AND f.revoked_at IS NULL AND c.disabled_at IS NULL`

// standingToken finds a token that may have expired.
const standingToken = `SELECT 1 FROM access_tokens t JOIN families f USING (request_id) JOIN clients c ON c.id = f.client_id
	WHERE t.hash = ? AND t.expires_at IS NOT NULL AND f.revoked_at IS NULL AND c.disabled_at IS NULL`

// AccessToken looks up the access token with this signature, as fosite's
// strategy computes it. Every API call needs it, so for a valid token it is
// one query. Errors: fosite.ErrNotFound for a token that is unknown, expired
// (together with ErrExpired), revoked by itself or with its grant, of a client
// that is no longer served, or stored without an expiry.
func (s *Store) AccessToken(ctx context.Context, signature string) (TokenRecord, error) {
	var (
		t                TokenRecord
		subject, sid     sql.NullString
		scopes, audience string
		created, expires sql.NullInt64
	)
	err := s.one(ctx, livingToken, []any{ledger.Hash(signature), s.now().UnixMilli()},
		&t.RequestID, &t.ClientID, &subject, &sid, &scopes, &audience, &created, &expires)
	if errors.Is(err, fosite.ErrNotFound) {
		var one int
		if s.one(ctx, standingToken, []any{ledger.Hash(signature)}, &one) == nil {
			err = errors.Join(fosite.ErrNotFound, ErrExpired)
		}
	}
	if err != nil {
		return TokenRecord{}, err
	}
	t.Subject, t.SessionID = subject.String, sid.String
	t.Scopes, t.Audience = items(scopes), items(audience)
	t.IssuedAt, t.ExpiresAt = moment(created), moment(expires)
	return t, nil
}

// LastExpiry is when the last access token in the file expires, the zero time
// if there is none.
func (s *Store) LastExpiry(ctx context.Context) (time.Time, error) {
	var last sql.NullInt64
	err := s.one(ctx, `SELECT max(expires_at) FROM access_tokens`, nil, &last)
	return moment(last), err
}
