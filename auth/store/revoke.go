package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// ErrOtherClient says that a token was issued to another client.
var ErrOtherClient = errors.New("issued to another client")

// grantOfToken finds the grant of any token that was ever part of it: a used
// refresh token and a replaced access token still refer to it.
const grantOfToken = `SELECT f.request_id, f.client_id FROM families f JOIN (
		SELECT request_id FROM refresh_tokens WHERE hash = ?1
		UNION ALL SELECT request_id FROM access_tokens WHERE hash = ?1
		UNION ALL SELECT request_id FROM replaced_access_tokens WHERE hash = ?1) USING (request_id)`

// RevokeToken ends the grant that a token of this client belongs to. RFC 7009
// 2.1: a client that revokes a token wants to end what was issued with it. The
// client cannot know that the token was rotated a moment ago, so a token of
// any generation will do. It returns nil for a token that is unknown or
// already invalid (RFC 7009 2.2). Errors: ErrOtherClient; those of
// RevokeFamily.
//
// The grant of a token never changes, so that is read first. One statement
// ends the grant itself, and every token that joins it must pass that
// statement. A rotation at the same moment either comes before, and its tokens
// end too, or after, and is refused.
func (s *Store) RevokeToken(ctx context.Context, token, clientID string) error {
	var requestID, owner string
	err := s.one(ctx, grantOfToken, []any{ledger.Hash(token)}, &requestID, &owner)
	if errors.Is(err, fosite.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	// RFC 7009 2.1: refused, otherwise any client could revoke the tokens of
	// another one.
	if owner != clientID {
		return ErrOtherClient
	}
	return s.RevokeFamily(ctx, requestID)
}

// replaceAccessTokens ends the access tokens that where selects, with its
// arguments, before they expire.
func replaceAccessTokens(tx *sql.Tx, where string, args ...any) (int64, error) {
	if _, err := tx.Exec(`INSERT OR IGNORE INTO replaced_access_tokens (hash, request_id, expires_at)
		SELECT hash, request_id, expires_at FROM access_tokens WHERE `+where, args...); err != nil {
		return 0, fmt.Errorf("remember access tokens: %w", err)
	}
	done, err := tx.Exec(`DELETE FROM access_tokens WHERE `+where, args...)
	if err != nil {
		return 0, fmt.Errorf("delete access tokens: %w", err)
	}
	return done.RowsAffected()
}
