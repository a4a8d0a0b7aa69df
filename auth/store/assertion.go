package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// ClientAssertionJWTValid implements fosite.ClientManager. It returns nil for
// a jti that is unknown or has expired, otherwise fosite.ErrJTIKnown.
func (s *Store) ClientAssertionJWTValid(ctx context.Context, jti string) error {
	var one int
	err := s.one(ctx, `SELECT 1 FROM client_assertions WHERE hash = ? AND expires_at > ?`, []any{ledger.Hash(jti), s.now().UnixMilli()}, &one)
	if err != nil && !errors.Is(err, fosite.ErrNotFound) {
		return err
	}
	if !s.check(ctx, err != nil, onceAccepted(ledger.Hash(jti), err == nil)) {
		return fosite.ErrJTIKnown
	}
	return nil
}

func onceAccepted(key string, seen bool) verdict {
	v := verdict{rule: rules.AssertionOnce, expected: "a new jti", got: "a new jti", kind: "client assertion", id: ledger.Short(key)}
	if seen {
		v.got = "seen before"
	}
	return v
}

// SetClientAssertionJWT implements fosite.ClientManager: it remembers a jti
// until exp. Of several at once, one succeeds; the others get
// fosite.ErrJTIKnown.
func (s *Store) SetClientAssertionJWT(ctx context.Context, jti string, exp time.Time) error {
	key := ledger.Hash(jti)
	return s.write(ctx, func(tx *sql.Tx) error {
		// OIDC Core 9: an assertion MUST only be used once, otherwise anyone
		// who sees it can repeat it.
		// fosite first asks and then sets, so two requests may both have
		// asked: this statement decides.
		done, err := tx.Exec(`INSERT INTO client_assertions (hash, expires_at) VALUES (?1, ?2)
			ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?3`,
			key, exp.UnixMilli(), s.now().UnixMilli())
		if err != nil {
			return fmt.Errorf("store client assertion: %w", err)
		}
		n, err := done.RowsAffected()
		if err == nil && n == 0 {
			return &refusal{verdict: onceAccepted(key, true), fosite: fosite.ErrJTIKnown}
		}
		return err
	}, s.wrote(ctx, "insert", "client_assertions", "client assertion", ledger.Short(key)))
}
