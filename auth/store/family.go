package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/ory/fosite"
)

// family is a grant: the parent of everything that is issued for it.
type family struct {
	requestID, clientID string
	subject, sid        sql.NullString
	created             int64
	ends                sql.NullInt64
	adds                string // scopes of the new member
}

func familyOf(r fosite.Requester, now, expiry time.Time) family {
	f := family{requestID: r.GetID(), clientID: r.GetClient().GetID(), created: now.UnixMilli(), ends: millis(expiry)}
	f.subject = known(r.GetSession().GetSubject())
	if s, ok := r.GetSession().(interface{ SessionID() string }); ok {
		f.sid = known(s.SessionID())
	}
	return f
}

// known returns NULL for "", so that a revocation with an empty name matches
// nothing.
func known(name string) sql.NullString { return sql.NullString{String: name, Valid: name != ""} }

// join creates the family, or extends its life to that of its newest member.
// The same statement is also the gate: a revoked family gets no new member,
// even if it was revoked a moment ago by a replay that overtook this request.
// Nor does it get one with a scope that the person has taken back.
func (f family) join(tx *sql.Tx) error {
	// SQLite's max of two arguments is NULL if either is NULL: one token
	// without an expiry makes the family endless.
	done, err := tx.Exec(`INSERT INTO families (request_id, client_id, subject, sid, created_at, ends_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (request_id) DO UPDATE SET ends_at = max(ends_at, excluded.ends_at)
		WHERE revoked_at IS NULL AND client_id = excluded.client_id
			AND NOT EXISTS (SELECT 1 FROM json_each(families.withdrawn) w JOIN json_each(?) g ON g.value = w.value)`,
		f.requestID, f.clientID, f.subject, f.sid, f.created, f.ends, f.adds)
	if err != nil {
		return fmt.Errorf("store grant: %w", err)
	}
	if n, err := done.RowsAffected(); n == 1 || err != nil {
		return err
	}
	return f.whyNotJoined(tx)
}

// RevokeRefreshToken implements oauth2.TokenRevocationStorage. RFC 7009 2.1
// ends access tokens together with their refresh token, and allows the
// reverse, so it ends the family. It returns nil for an unknown or revoked
// token.
func (s *Store) RevokeRefreshToken(ctx context.Context, requestID string) error {
	return s.RevokeFamily(ctx, requestID)
}

// RevokeAccessToken implements oauth2.TokenRevocationStorage. It ends the
// family, as RevokeRefreshToken does; fosite always calls both.
func (s *Store) RevokeAccessToken(ctx context.Context, requestID string) error {
	return s.RevokeFamily(ctx, requestID)
}

// RevokeFamily ends everything that was issued for one authorization, for
// good. It returns nil for an unknown or revoked family.
func (s *Store) RevokeFamily(ctx context.Context, requestID string) error {
	var revoked bool
	err := s.one(ctx, `SELECT revoked_at IS NOT NULL FROM families WHERE request_id = ?`, []any{requestID}, &revoked)
	if err == nil && revoked {
		return nil // a revocation is final, so reading it first is safe and saves a commit for fosite's second call
	}
	return s.revoke(ctx, "request_id", requestID, "grant")
}

// Supersede ends a grant whose code was not used, because another grant
// replaces it. Errors: ErrSpent, in a unit from Commit, if the code was used
// or the grant has ended. So only one of the two codes can be used, whatever
// happens at that moment.
func (s *Store) Supersede(ctx context.Context, requestID string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		// RFC 6749 4.1.2: one statement decides whether the old code was used first.
		done, err := tx.Exec(`UPDATE families SET revoked_at = ?1 WHERE request_id = ?2 AND revoked_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.request_id = ?2 AND c.used_at IS NOT NULL)`, s.now().UnixMilli(), requestID)
		if err != nil {
			return fmt.Errorf("supersede a grant: %w", err)
		}
		if n, err := done.RowsAffected(); n == 1 || err != nil {
			return err
		}
		return ErrSpent
	}, s.wrote(ctx, "supersede", "families", "grant whose code was not used", requestID))
}

// Redeemed reports whether the code of a grant was used, and whether the grant
// is active. Errors: the context's, or one that is Unavailable.
func (s *Store) Redeemed(ctx context.Context, requestID string) (used, stands bool, err error) {
	err = s.one(ctx, `SELECT coalesce(max(c.used_at), 0) > 0, coalesce(max(f.revoked_at IS NULL), 0) FROM families f JOIN codes c USING (request_id) WHERE f.request_id = ?`,
		[]any{requestID}, &used, &stands)
	return used, stands, err
}

// RevokeSubject ends every grant of a person, or of a machine client, that was
// disabled or has changed its password.
//
// It, RevokeClientGrants and RevokeSession end the grants that exist when they
// commit. The sign-in code must prevent new grants afterwards.
func (s *Store) RevokeSubject(ctx context.Context, subject string) error {
	return s.revoke(ctx, "subject", subject, "grants of a subject")
}

// RevokeClientGrants ends every grant of a client.
func (s *Store) RevokeClientGrants(ctx context.Context, clientID string) error {
	return s.revoke(ctx, "client_id", clientID, "grants of a client")
}

// RevokeSession ends every grant that was given in one browser session; sid is
// its public id.
func (s *Store) RevokeSession(ctx context.Context, sid string) error {
	return s.revoke(ctx, "sid", sid, "grants of a session")
}

// RevokeAll ends every grant.
func (s *Store) RevokeAll(ctx context.Context) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE families SET revoked_at = ? WHERE revoked_at IS NULL`, s.now().UnixMilli())
		return err
	}, s.wrote(ctx, "revoke", "families", "all grants", ""))
}

func (s *Store) revoke(ctx context.Context, column, value, what string) error {
	var n int64
	return s.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE families SET revoked_at = ? WHERE `+column+` = ? AND revoked_at IS NULL`, s.now().UnixMilli(), value)
		if err != nil {
			return fmt.Errorf("revoke %s: %w", what, err)
		}
		n, err = done.RowsAffected()
		return err
	}, func() { s.wrote(ctx, "revoke", "families", what, value, slog.Int64("rows", n))() })
}
