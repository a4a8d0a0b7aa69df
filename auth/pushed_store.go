package auth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/exampleco/punchcard/auth/ledger"
)

// keepPushed stores a validated request under the hash of its request_uri.
func (s *Server) keepPushed(ctx context.Context, uri string, q *authorizationRequest) error {
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	id := ledger.Hash(uri)
	return s.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO pushed_requests (id, client_id, request, expires_at) VALUES (?, ?, ?, ?)`,
			id, q.ClientID, string(body), s.now().Add(pushedLifetime).UnixMilli())
		if err != nil {
			return err
		}
		return s.makeRoom(tx, waitingPushed)
	}, func() { s.storedPushed(ctx, "insert", id) })
}

func (s *Server) storedPushed(ctx context.Context, op, id string) {
	s.ledger.Wrote(ctx, op, "pushed_requests", "pushed request", ledger.Short(id))
}

// loadPushed returns the request, for the client that pushed it and until it
// expires. It does not look whether it was used: only usePushed can say.
func (s *Server) loadPushed(ctx context.Context, uri, clientID string) (*authorizationRequest, error) {
	var (
		owner, body string
		expires     int64
		q           authorizationRequest
	)
	err := s.read.QueryRowContext(ctx, `SELECT client_id, request, expires_at FROM pushed_requests WHERE id = ?`, ledger.Hash(uri)).Scan(&owner, &body, &expires)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("load pushed request: %w", err)
	}
	if !s.check(ctx, rules.PushedKnown, err == nil, "a request_uri of this server", ledger.Fingerprint("request_uri", uri)) {
		return nil, pushedIsOver(rules.PushedKnown)
	}
	// RFC 9126 2.2: MUST be bound to the client that pushed it, or another one
	// could send people off with this one's name on the consent page.
	if !s.check(ctx, rules.PushedOwn, owner == clientID, owner, clientID) {
		return nil, pushedIsOver(rules.PushedOwn)
	}
	if !s.check(ctx, rules.PushedNotExpired, s.now().UnixMilli() < expires, "before it expires", ledger.Fingerprint("request_uri", uri)) {
		return nil, pushedIsOver(rules.PushedNotExpired)
	}
	if err := json.Unmarshal([]byte(body), &q); err != nil {
		return nil, fmt.Errorf("load pushed request: %w", err)
	}
	return &q, nil
}

// usePushed spends the request_uri by one compare-and-set; in a unit, Commit
// returns errSpent where it was used before.
func (s *Server) usePushed(ctx context.Context, uri string) error {
	id, at := ledger.Hash(uri), s.now().UnixMilli()
	return s.writer.Write(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`UPDATE pushed_requests SET used_at = ? WHERE id = ? AND used_at IS NULL AND expires_at > ?`, at, id, at)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errSpent, err)
		}
		return nil
	}, func() { s.storedPushed(ctx, "use", id) })
}
