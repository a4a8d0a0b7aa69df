package keys

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-jose/go-jose/v3"

	"github.com/exampleco/punchcard/auth/jws"
	"github.com/exampleco/punchcard/auth/ledger"
)

// A key is published until the last token that it signed has expired. An ID
// token is used for longer: clients send it as a hint for as long as its
// session or grant lives, expired or not (RP-Initiated Logout 4, OIDC Core
// 3.1.2.1). So the public key is kept after it is no longer published, only to
// recognise such a hint. It verifies no access token.

// forgetAfter is how long a private key stays after its key is no longer
// published, so that a clock set back by some hours still finds it.
const forgetAfter = 24 * time.Hour

// VerifyHint is Verify for an ID token that is sent back as a hint. Its key
// may have been published at any time within the given span. Errors: one of
// the sentinels, or one that is Unavailable.
func (r *Ring) VerifyHint(ctx context.Context, token string, within time.Duration) ([]byte, error) {
	payload, err := r.Verify(token, TypeJWT)
	if !errors.Is(err, ErrUnknownKey) {
		return payload, err
	}
	read, rerr := jws.Read(token, limits)
	if rerr != nil {
		return nil, rerr
	}
	key, kerr := r.past(ctx, read.Header.Kid, within)
	if errors.Is(kerr, sql.ErrNoRows) {
		return nil, err
	}
	if kerr != nil {
		return nil, unreadable{fmt.Errorf("read signing keys: %w", kerr)}
	}
	return verifiedBy(key, read, token, TypeJWT)
}

// unreadable says that the file could not be read. It says nothing about the
// token.
type unreadable struct{ error }

func (unreadable) Unavailable() bool { return true }

// past finds a key that is no longer published, by its kid, so only that one
// has to be loaded.
func (r *Ring) past(ctx context.Context, kid string, within time.Duration) (jose.JSONWebKey, error) {
	var alg string
	var private, public []byte
	err := r.config.Read.QueryRowContext(ctx, `SELECT alg, private_key, public_key FROM signing_keys WHERE kid = ? AND published_until > ?`,
		kid, r.config.Now().Add(-within).UnixMilli()).Scan(&alg, &private, &public)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	if len(public) == 0 {
		signer, err := parse(kid, alg, private)
		if err != nil {
			return jose.JSONWebKey{}, err
		}
		return jose.JSONWebKey{Key: signer.Public(), KeyID: kid, Algorithm: alg}, nil
	}
	key, err := x509.ParsePKIXPublicKey(public)
	return jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: alg}, err
}

// Purge deletes private keys a day after they are no longer published, and the
// whole key once VerifyHint, with the same span, would no longer accept it.
// Errors: the writer's or the reader's.
func (r *Ring) Purge(ctx context.Context, within time.Duration) error {
	now := r.config.Now()
	halves, err := r.halves(ctx, now.Add(-forgetAfter))
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	var gone int64
	err = r.config.Writer.Write(ctx, func(tx *sql.Tx) error {
		for kid, public := range halves {
			if _, err := tx.Exec(`UPDATE signing_keys SET public_key = ?, private_key = x'' WHERE kid = ?`, public, kid); err != nil {
				return err
			}
		}
		done, err := tx.Exec(`DELETE FROM signing_keys WHERE published_until <= ?`, now.Add(-within-forgetAfter).UnixMilli())
		if err != nil {
			return err
		}
		gone, err = done.RowsAffected()
		return err
	}, func() {
		ledger.New(r.config.Log).Wrote(ctx, "purge", "signing_keys", "private half", "", slog.Int("rows", len(halves)), slog.Int64("deleted", gone))
	})
	if err != nil {
		return fmt.Errorf("purge signing keys: %w", err)
	}
	return nil
}

// halves returns the public keys that were published until before and still
// have their private key.
func (r *Ring) halves(ctx context.Context, before time.Time) (map[string][]byte, error) {
	rows, err := r.config.Read.QueryContext(ctx, `SELECT kid, alg, private_key FROM signing_keys WHERE published_until < ? AND length(private_key) > 0`, before.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]byte{}
	for rows.Next() {
		var kid, alg string
		var der []byte
		if err := rows.Scan(&kid, &alg, &der); err != nil {
			return nil, err
		}
		private, err := parse(kid, alg, der)
		if err != nil {
			return nil, fmt.Errorf("stored signing key %s: %w", kid, err)
		}
		if out[kid], err = x509.MarshalPKIXPublicKey(private.Public()); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}
