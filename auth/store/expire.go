package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// ErrExpired says that a token exists and has expired. It comes together with
// fosite.ErrNotFound.
var ErrExpired = errors.New("expired")

// Expire ends the code, access token or refresh token with this SHA-256 in hex
// at this moment, as if its lifetime had ended. It returns the kind:
// "authorization code", "access token" or "refresh token". Errors:
// fosite.ErrNotFound if nothing has that hash; ErrSpent (used, or its grant is
// revoked) and ErrExpired, with the kind.
func (s *Store) Expire(ctx context.Context, key string) (kindName string, err error) {
	var found string
	err = s.one(ctx, `SELECT 'codes' FROM codes WHERE hash = ?1 UNION ALL SELECT 'access_tokens' FROM access_tokens WHERE hash = ?1
		UNION ALL SELECT 'refresh_tokens' FROM refresh_tokens WHERE hash = ?1`, []any{key}, &found)
	if err != nil {
		return "", err
	}
	k := map[string]kind{code.table: code, access.table: access, refresh.table: refresh}[found]
	return k.name, s.write(ctx, func(tx *sql.Tx) error { return s.expire(tx, k, key) },
		s.wrote(ctx, "expire", k.table, k.name, ledger.Short(key)))
}

func (s *Store) expire(tx *sql.Tx, k kind, key string) error {
	var stored string
	err := tx.QueryRow(`SELECT session FROM `+k.table+` WHERE hash = ?`, key).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		return fosite.ErrNotFound // purged, or replaced by a refresh, since it was looked up
	}
	if err != nil {
		return fmt.Errorf("expire %s: %w", k.name, err)
	}
	// fosite's handlers read from the session when a code or refresh token
	// expires.
	session := s.session()
	if err := json.Unmarshal([]byte(stored), session); err != nil {
		return fmt.Errorf("stored session of %s %s: %w", k.name, ledger.Short(key), err)
	}
	session.SetExpiresAt(k.expiry, time.Now()) // fosite uses the real clock
	changed, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("encode the session of %s: %w", k.name, err)
	}
	unused := "TRUE"
	if k.spent != nil {
		unused = "used_at IS NULL"
	}
	// One statement decides against a use at the same moment: a used token
	// stays used.
	done, err := tx.Exec(`UPDATE `+k.table+` SET expires_at = ?1, session = ?2 WHERE hash = ?3 AND `+unused+` AND (expires_at IS NULL OR expires_at > ?1)
		AND EXISTS (SELECT 1 FROM families f WHERE f.request_id = `+k.table+`.request_id AND f.revoked_at IS NULL)`,
		s.now().UnixMilli(), string(changed), key)
	if err != nil {
		return fmt.Errorf("expire %s: %w", k.name, err)
	}
	if n, err := done.RowsAffected(); n == 1 || err != nil {
		return err
	}
	return s.whyNot(tx, k, key)
}

// whyNot returns why something has already ended.
func (s *Store) whyNot(tx *sql.Tx, k kind, key string) error {
	used := "FALSE"
	if k.spent != nil {
		used = "r.used_at IS NOT NULL"
	}
	var spent bool
	err := tx.QueryRow(`SELECT `+used+` OR f.revoked_at IS NOT NULL FROM `+k.table+` r JOIN families f USING (request_id) WHERE r.hash = ?`, key).Scan(&spent)
	switch {
	case err != nil:
		return fmt.Errorf("expire %s: %w", k.name, err)
	case spent:
		return ErrSpent
	}
	return ErrExpired
}
