package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (s *Store) CreateAuthorizeCodeSession(ctx context.Context, signature string, r fosite.Requester) error {
	return s.create(ctx, code, signature, r)
}

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage. For a code
// that was used, or whose family is revoked, it returns the request together
// with fosite.ErrInvalidatedAuthorizeCode and ErrSpent.
func (s *Store) GetAuthorizeCodeSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	return s.load(ctx, code, signature, session)
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: it
// uses the code. Of several at once, one succeeds; the others get ErrSpent and
// fosite.ErrInvalidatedAuthorizeCode, in a unit from Commit.
func (s *Store) InvalidateAuthorizeCodeSession(ctx context.Context, signature string) error {
	key := ledger.Hash(signature)
	return s.write(ctx, func(tx *sql.Tx) error { return s.spend(tx, code, key, "") },
		s.wrote(ctx, "use", code.table, code.name, ledger.Short(key)))
}

// CreatePKCERequestSession implements pkce.PKCERequestStorage.
func (s *Store) CreatePKCERequestSession(ctx context.Context, signature string, r fosite.Requester) error {
	return s.create(ctx, challenge, signature, r)
}

// GetPKCERequestSession implements pkce.PKCERequestStorage. The session passed
// is the live one of the token request, already read from the code, so the
// stored one goes into another.
func (s *Store) GetPKCERequestSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	return s.load(ctx, challenge, signature, nil)
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage, and keeps the
// challenge. fosite deletes it before it compares, and takes a code without a
// challenge for one that needs none: a wrong verifier, and then none at all,
// would redeem a stolen code (RFC 9700 4.8). The challenge goes with its code.
func (s *Store) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateOpenIDConnectSession implements openid.OpenIDConnectRequestStorage.
// fosite passes the whole code here, not its signature.
func (s *Store) CreateOpenIDConnectSession(ctx context.Context, authorizeCode string, r fosite.Requester) error {
	return s.create(ctx, identity, authorizeCode, r)
}

// GetOpenIDConnectSession implements openid.OpenIDConnectRequestStorage. As
// with PKCE, the request passed is the live one and stays as it is.
func (s *Store) GetOpenIDConnectSession(ctx context.Context, authorizeCode string, _ fosite.Requester) (fosite.Requester, error) {
	return s.load(ctx, identity, authorizeCode, nil)
}

// DeleteOpenIDConnectSession implements openid.OpenIDConnectRequestStorage.
func (s *Store) DeleteOpenIDConnectSession(ctx context.Context, authorizeCode string) error {
	return s.remove(ctx, identity, authorizeCode)
}

// CreateAccessTokenSession implements oauth2.AccessTokenStorage. Where the
// session has AccessScopes() []string and gives some, the token has those. A
// revoked family takes no token: ErrSpent and fosite.ErrInactiveToken.
func (s *Store) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	return s.create(ctx, access, signature, r)
}

// GetAccessTokenSession implements oauth2.AccessTokenStorage. A token of a
// revoked family is fosite.ErrNotFound.
func (s *Store) GetAccessTokenSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	return s.load(ctx, access, signature, session)
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage.
func (s *Store) DeleteAccessTokenSession(ctx context.Context, signature string) error {
	return s.remove(ctx, access, signature)
}

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage. The access
// token issued beside it is found by their family, so its signature is not
// kept. A revoked family takes no token: ErrSpent and fosite.ErrInactiveToken.
func (s *Store) CreateRefreshTokenSession(ctx context.Context, signature, _ string, r fosite.Requester) error {
	return s.create(ctx, refresh, signature, r)
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage. For a token
// that was used, or whose family is revoked, it returns the request together
// with fosite.ErrInactiveToken and ErrSpent.
func (s *Store) GetRefreshTokenSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	return s.load(ctx, refresh, signature, session)
}

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage: the token
// is dead, and its tombstone stays. fosite deletes a replayed token, and the
// next replay of it must be noticed as well.
func (s *Store) DeleteRefreshTokenSession(ctx context.Context, signature string) error {
	key := ledger.Hash(signature)
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE refresh_tokens SET used_at = ? WHERE hash = ? AND used_at IS NULL`, s.now().UnixMilli(), key)
		return err
	}, s.wrote(ctx, "retire", refresh.table, refresh.name, ledger.Short(key)))
}

// RotateRefreshToken implements oauth2.RefreshTokenStorage: it uses the token
// and ends the access tokens that the family has so far. Of several at once,
// one succeeds; the others get ErrSpent and fosite.ErrInactiveToken, in a unit
// from Commit.
func (s *Store) RotateRefreshToken(ctx context.Context, requestID, signature string) error {
	key := ledger.Hash(signature)
	var ended int64
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := s.spend(tx, refresh, key, requestID); err != nil {
			return err
		}
		var err error
		ended, err = replaceAccessTokens(tx, `request_id = ?`, requestID)
		return err
	}, s.wrote(ctx, "use", refresh.table, refresh.name, ledger.Short(key), slog.String("family", requestID)),
		func() {
			s.wrote(ctx, "delete", access.table, access.name, requestID, slog.Int64("rows", ended))()
		})
}

// spend is the compare-and-set of what may be used once; a requestID narrows
// it to that family. fosite.ErrNotFound where there is no such thing.
func (s *Store) spend(tx *sql.Tx, k kind, key, requestID string) error {
	// RFC 6749 4.1.2, RFC 9700 4.14.2: one statement decides who was first; to read and then write would let two through.
	done, err := tx.Exec(`UPDATE `+k.table+` SET used_at = ?1 WHERE hash = ?2 AND used_at IS NULL AND ?3 IN ('', request_id)
		AND EXISTS (SELECT 1 FROM families f WHERE f.request_id = `+k.table+`.request_id AND f.revoked_at IS NULL)`,
		s.now().UnixMilli(), key, requestID)
	if err != nil {
		return fmt.Errorf("use %s: %w", k.name, err)
	}
	if n, err := done.RowsAffected(); n == 1 || err != nil {
		return err
	}
	var used, revoked bool
	err = tx.QueryRow(`SELECT r.used_at IS NOT NULL, f.revoked_at IS NOT NULL FROM `+k.table+` r JOIN families f USING (request_id)
		WHERE r.hash = ?1 AND ?2 IN ('', r.request_id)`, key, requestID).Scan(&used, &revoked)
	if errors.Is(err, sql.ErrNoRows) {
		return fosite.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("use %s: %w", k.name, err)
	}
	return &refusal{verdict: onceOnly(k, key, used, revoked), fosite: k.spent}
}

// remove deletes what nobody needs to remember.
func (s *Store) remove(ctx context.Context, k kind, secret string) error {
	key := ledger.Hash(secret)
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM `+k.table+` WHERE hash = ?`, key)
		return err
	}, s.wrote(ctx, "delete", k.table, k.name, ledger.Short(key)))
}
