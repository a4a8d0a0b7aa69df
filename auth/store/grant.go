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

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage. If the code
// was used, or its family is revoked, it returns the request together with
// fosite.ErrInvalidatedAuthorizeCode and ErrSpent.
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

// GetPKCERequestSession implements pkce.PKCERequestStorage. The session that
// is passed is the live one of the token request, already read from the code,
// so the stored one is read into a new one.
func (s *Store) GetPKCERequestSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	return s.load(ctx, challenge, signature, nil)
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage, but keeps the
// challenge. fosite deletes it before comparing, and accepts a code without a
// challenge as one that needs none. So a wrong verifier followed by no
// verifier at all would redeem a stolen code (RFC 9700 4.8). The challenge is
// deleted with its code.
func (s *Store) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateOpenIDConnectSession implements openid.OpenIDConnectRequestStorage.
// fosite passes the whole code here, not its signature.
func (s *Store) CreateOpenIDConnectSession(ctx context.Context, authorizeCode string, r fosite.Requester) error {
	return s.create(ctx, identity, authorizeCode, r)
}

// GetOpenIDConnectSession implements openid.OpenIDConnectRequestStorage. As
// with PKCE, the request that is passed is the live one and is not changed.
func (s *Store) GetOpenIDConnectSession(ctx context.Context, authorizeCode string, _ fosite.Requester) (fosite.Requester, error) {
	return s.load(ctx, identity, authorizeCode, nil)
}

// DeleteOpenIDConnectSession implements openid.OpenIDConnectRequestStorage.
func (s *Store) DeleteOpenIDConnectSession(ctx context.Context, authorizeCode string) error {
	return s.remove(ctx, identity, authorizeCode)
}

// CreateAccessTokenSession implements oauth2.AccessTokenStorage. If the
// session has AccessScopes() []string and returns some, the token gets those.
// A revoked family gets no token: ErrSpent and fosite.ErrInactiveToken.
func (s *Store) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	return s.create(ctx, access, signature, r)
}

// GetAccessTokenSession implements oauth2.AccessTokenStorage. For a token of a
// revoked family it returns fosite.ErrNotFound.
func (s *Store) GetAccessTokenSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	return s.load(ctx, access, signature, session)
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage.
func (s *Store) DeleteAccessTokenSession(ctx context.Context, signature string) error {
	return s.remove(ctx, access, signature)
}

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage. The access
// token issued with it is found through the family, so its signature is not
// stored. A revoked family gets no token: ErrSpent and
// fosite.ErrInactiveToken.
func (s *Store) CreateRefreshTokenSession(ctx context.Context, signature, _ string, r fosite.Requester) error {
	return s.create(ctx, refresh, signature, r)
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage. If the token
// was used, or its family is revoked, it returns the request together with
// fosite.ErrInactiveToken and ErrSpent.
func (s *Store) GetRefreshTokenSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	return s.load(ctx, refresh, signature, session)
}

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage: the token
// becomes invalid, and its tombstone stays. fosite deletes a replayed token,
// and the next replay must be recognised too.
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

// spend is the compare-and-set for single use. A requestID limits it to that
// family. It returns fosite.ErrNotFound if there is no such row.
func (s *Store) spend(tx *sql.Tx, k kind, key, requestID string) error {
	// RFC 6749 4.1.2, RFC 9700 4.14.2: one statement decides who was first;
	// reading and then writing would let two through.
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

// remove deletes rows that need not be remembered.
func (s *Store) remove(ctx context.Context, k kind, secret string) error {
	key := ledger.Hash(secret)
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM `+k.table+` WHERE hash = ?`, key)
		return err
	}, s.wrote(ctx, "delete", k.table, k.name, ledger.Short(key)))
}
