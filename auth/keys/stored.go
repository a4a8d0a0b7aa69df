package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v3"

	"github.com/exampleco/punchcard/auth/ledger"
)

// Migrations are this room's tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

const rsaBits = 2048 // RFC 7518 3.3: 2048 bits or larger MUST be used

// key is one row.
type key struct {
	kid, alg       string
	private        crypto.Signer
	retiredAt      time.Time // zero: in use
	publishedUntil time.Time // zero: not known yet, so without an end
}

// signing returns the newest key that has not retired; keys come oldest first.
// The time is not considered: a retired key never signs again, whatever the
// clock says.
func signing(keys []key, alg string) (found *key) {
	for i := range keys {
		if keys[i].alg == alg && keys[i].retiredAt.IsZero() {
			found = &keys[i]
		}
	}
	return found
}

// load reads the keys that are still published, in the order of their use.
func load(ctx context.Context, c Config) ([]key, error) {
	rows, err := c.Read.QueryContext(ctx, `SELECT kid, alg, private_key, retired_at, published_until FROM signing_keys
		WHERE (published_until IS NULL OR published_until > ?) AND length(private_key) > 0 ORDER BY rowid`, c.Now().UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	defer rows.Close()
	var keys []key
	for rows.Next() {
		var k key
		var der []byte
		var retired, until sql.NullInt64
		if err := rows.Scan(&k.kid, &k.alg, &der, &retired, &until); err != nil {
			return nil, fmt.Errorf("read signing keys: %w", err)
		}
		if retired.Valid {
			k.retiredAt = time.UnixMilli(retired.Int64)
		}
		if until.Valid {
			k.publishedUntil = time.UnixMilli(until.Int64)
		}
		if k.private, err = parse(k.kid, k.alg, der); err != nil {
			return nil, fmt.Errorf("stored signing key %s: %w", k.kid, err)
		}
		keys = append(keys, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	return keys, nil
}

// parse accepts a key only if it matches its row.
func parse(kid, alg string, der []byte) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("not a PKCS#8 private key") // the parser's own error could quote the key
	}
	var private crypto.Signer
	switch k := parsed.(type) {
	case *ecdsa.PrivateKey:
		if alg != ES256 || k.Curve != elliptic.P256() { // RFC 7518 3.4
			return nil, errors.New("an elliptic curve key, but not one for " + alg)
		}
		private = k
	case *rsa.PrivateKey:
		if alg != RS256 || k.N.BitLen() < rsaBits {
			return nil, errors.New("an RSA key, but not one for " + alg)
		}
		private = k
	default:
		return nil, errors.New("neither RSA nor elliptic curve")
	}
	own, err := thumbprint(private)
	if err != nil {
		return nil, err
	}
	if own != kid {
		return nil, errors.New("its thumbprint is another one")
	}
	return private, nil
}

// thumbprint names a key by its public part, RFC 7638 3.
func thumbprint(private crypto.Signer) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

func generate(alg string) (crypto.Signer, error) {
	if alg == ES256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, rsaBits)
}

// draft makes a key and everything that its row needs.
func draft(alg string) (private crypto.Signer, kid string, der []byte, err error) {
	if private, err = generate(alg); err == nil {
		der, err = x509.MarshalPKCS8PrivateKey(private)
	}
	if err == nil {
		kid, err = thumbprint(private)
	}
	if err != nil {
		return nil, "", nil, fmt.Errorf("make %s key: %w", alg, err)
	}
	return private, kid, der, nil
}

// make stores a new key, unless another process has already made one.
func (c Config) make(ctx context.Context, alg string) error {
	_, kid, der, err := draft(alg)
	if err != nil {
		return err
	}
	now := c.Now().UnixMilli()
	stored := false
	err = c.Writer.Write(ctx, func(tx *sql.Tx) error {
		result, err := tx.Exec(`INSERT INTO signing_keys (kid, alg, use, private_key, created_at, signs_from)
			SELECT ?1, ?2, 'sig', ?3, ?4, ?4 WHERE NOT EXISTS (SELECT 1 FROM signing_keys
				WHERE alg = ?2 AND retired_at IS NULL)`, kid, alg, der, now)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		stored = n == 1
		return err
	}, func() {
		if stored {
			ledger.New(c.Log).Wrote(ctx, "insert", "signing_keys", alg+" signing key", kid)
		}
	})
	if err != nil {
		return fmt.Errorf("store %s key: %w", alg, err)
	}
	return nil
}
