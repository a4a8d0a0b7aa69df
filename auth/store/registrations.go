package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// ErrFull says that the store has as many registered clients as it accepts.
var ErrFull = errors.New("as many clients are registered as are kept")

// maxRegistered bounds what strangers can leave in the file.
const maxRegistered = 500

// Registration is the data about a client that registered itself.
type Registration struct {
	TokenHash    string // hash of its registration access token, RFC 7592 3
	Metadata     string // as registered, JSON
	Vouched      bool   // it was registered with an initial access token
	RegisteredAt time.Time
	ExpiresAt    time.Time // unless it is used before
	LastUsedAt   time.Time // zero: never
}

// Register stores a client that registered itself, with its registration.
// Errors: ErrFull.
func (s *Store) Register(ctx context.Context, c Client, r Registration) error {
	now := s.now().UnixMilli()
	row := c.row(now, SourceRuntime, nil)
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(upsertClient, row...); err != nil {
			return fmt.Errorf("store client %q: %w", c.ID, err)
		}
		// The writer counts, so that two requests cannot both see the last
		// free place.
		done, err := tx.Exec(`INSERT INTO registrations (client_id, token_hash, metadata, vouched, registered_at, expires_at)
			SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM registrations WHERE expires_at > ?) < ?`,
			c.ID, r.TokenHash, r.Metadata, r.Vouched, now, r.ExpiresAt.UnixMilli(), now, maxRegistered)
		if err != nil {
			return fmt.Errorf("store registration of %q: %w", c.ID, err)
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(ErrFull, err)
		}
		return nil
	}, s.clients.clear, s.wrote(ctx, "insert", "clients", "client", c.ID), s.wrote(ctx, "insert", "registrations", "registration", c.ID))
}

// Registered returns a client and its registration to a caller with the
// registration access token. Errors: fosite.ErrNotFound, for an unknown client
// and for a wrong token.
func (s *Store) Registered(ctx context.Context, clientID, token string) (*Client, Registration, error) {
	r := Registration{TokenHash: ledger.Hash(token)}
	var registered, expires, used sql.NullInt64
	err := s.one(ctx, `SELECT metadata, vouched, registered_at, expires_at, last_used_at FROM registrations WHERE client_id = ? AND token_hash = ?`,
		[]any{clientID, r.TokenHash}, &r.Metadata, &r.Vouched, &registered, &expires, &used)
	if err != nil {
		return nil, r, err
	}
	r.RegisteredAt, r.ExpiresAt, r.LastUsedAt = moment(registered), moment(expires), moment(used)
	client, err := s.Client(ctx, clientID) // Client checks the expiry
	return client, r, err
}

// Reregister replaces what a client has registered. Its grants stay, but
// scopes that the client may no longer request are removed from its tokens.
// Errors: fosite.ErrNotFound if the registration no longer exists.
func (s *Store) Reregister(ctx context.Context, c Client, metadata string) error {
	row := c.row(s.now().UnixMilli(), SourceRuntime, nil)
	return s.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE registrations SET metadata = ? WHERE client_id = ? AND expires_at > ?`, metadata, c.ID, s.now().UnixMilli())
		if err != nil {
			return fmt.Errorf("update registration of %q: %w", c.ID, err)
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(fosite.ErrNotFound, err)
		}
		if _, err := tx.Exec(upsertClient, row...); err != nil {
			return fmt.Errorf("store client %q: %w", c.ID, err)
		}
		return nil
	}, s.clients.clear, s.wrote(ctx, "update", "clients", "client", c.ID), s.wrote(ctx, "update", "registrations", "registration", c.ID))
}

// Used keeps a registration from expiring before then. It belongs in the unit
// that issues something to the client.
func (s *Store) Used(ctx context.Context, clientID string, until time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE registrations SET last_used_at = ?, expires_at = max(expires_at, ?) WHERE client_id = ?`,
			s.now().UnixMilli(), until.UnixMilli(), clientID)
		return err
	}, s.clients.clear, s.wrote(ctx, "use", "registrations", "registration", clientID))
}

// Deregister removes a client that registered itself, and revokes all its
// grants (RFC 7592 2.3). Errors: fosite.ErrNotFound if it no longer exists.
func (s *Store) Deregister(ctx context.Context, clientID string) error {
	now := s.now().UnixMilli()
	var n int64
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		n, err = deregister(tx, now, `client_id = ?`, clientID)
		if err == nil && n == 0 {
			return fosite.ErrNotFound
		}
		return err
	}, s.clients.clear, s.wrote(ctx, "delete", "registrations", "registration", clientID), s.wrote(ctx, "revoke", "families", "grants of a client", clientID))
	return err
}

// deregister ends the registrations that where selects, and returns their
// number.
func deregister(tx *sql.Tx, now int64, where string, args ...any) (int64, error) {
	chosen := `(SELECT client_id FROM registrations WHERE ` + where + `)`
	for _, statement := range []string{
		`UPDATE clients SET disabled_at = ? WHERE id IN ` + chosen,
		`UPDATE families SET revoked_at = ? WHERE revoked_at IS NULL AND client_id IN ` + chosen,
	} {
		if _, err := tx.Exec(statement, append([]any{now}, args...)...); err != nil {
			return 0, fmt.Errorf("deregister: %w", err)
		}
	}
	done, err := tx.Exec(`DELETE FROM registrations WHERE client_id IN `+chosen, args...)
	if err != nil {
		return 0, fmt.Errorf("deregister: %w", err)
	}
	return done.RowsAffected()
}

// PurgeRegistrations removes expired registrations, as Deregister does, and
// deletes the clients of earlier ones once no grant refers to them. It returns
// how many registrations it removed.
func (s *Store) PurgeRegistrations(ctx context.Context) (n int, err error) {
	now := s.now().UnixMilli()
	for {
		var gone int64
		err := s.write(ctx, func(tx *sql.Tx) (err error) {
			if gone, err = deregister(tx, now, `client_id IN (SELECT client_id FROM registrations WHERE expires_at <= ? ORDER BY expires_at, client_id LIMIT ?)`, now, purgeBatch); err != nil {
				return err
			}
			for _, statement := range []string{
				`DELETE FROM clients WHERE source = 'runtime' AND disabled_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM families WHERE client_id = clients.id)`,
				`DELETE FROM initial_access_tokens WHERE expires_at <= ` + fmt.Sprint(now),
			} {
				if _, err := tx.Exec(statement); err != nil {
					return fmt.Errorf("purge registrations: %w", err)
				}
			}
			return nil
		}, func() {
			if gone > 0 {
				s.clients.clear()
				s.wrote(ctx, "purge", "registrations", "expired registrations", "", slog.Int64("rows", gone))()
			}
		})
		n += int(gone)
		if err != nil || gone < purgeBatch {
			return n, err
		}
	}
}

// AddInitialToken stores an initial access token for a number of
// registrations, RFC 7591 3.
func (s *Store) AddInitialToken(ctx context.Context, token string, uses int, until time.Time) error {
	h := ledger.Hash(token)
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO initial_access_tokens (hash, uses, created_at, expires_at) VALUES (?, ?, ?, ?)`, h, uses, s.now().UnixMilli(), until.UnixMilli())
		return err
	}, s.wrote(ctx, "insert", "initial_access_tokens", "initial access token", ledger.Short(h)))
}

func initialToken(hash, got string) verdict {
	return verdict{rule: rules.InitialToken, expected: "known, with a use left, not expired", got: got, kind: "initial access token", id: ledger.Short(hash)}
}

// SpendInitialToken takes one use of an initial access token. It belongs in
// the unit of the registration, so that a refused registration costs nothing.
// Errors: ErrSpent, also for a token that is unknown or has expired.
func (s *Store) SpendInitialToken(ctx context.Context, token string) error {
	h := ledger.Hash(token)
	return s.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE initial_access_tokens SET uses = uses - 1 WHERE hash = ? AND uses > 0 AND expires_at > ?`, h, s.now().UnixMilli())
		if err != nil {
			return fmt.Errorf("spend initial access token: %w", err)
		}
		if n, err := done.RowsAffected(); n == 1 || err != nil {
			return err
		}
		return &refusal{fosite: fosite.ErrInactiveToken, verdict: initialToken(h, "none such")}
	}, func() { s.check(ctx, true, initialToken(h, "such a token")) }, s.wrote(ctx, "spend", "initial_access_tokens", "initial access token", ledger.Short(h)))
}
