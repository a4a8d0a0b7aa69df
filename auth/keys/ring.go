package keys

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v3"
)

// The algorithms that this server signs with, and the only ones it accepts.
const (
	ES256 = "ES256"
	RS256 = "RS256"
)

// What kind of token a header's typ says it is.
const (
	TypeAccessToken = "at+jwt" // RFC 9068 2.1
	TypeJWT         = "JWT"    // ID tokens
)

var algorithms = []string{ES256, RS256}

// Writer runs short transactions on the file that Read reads.
type Writer interface {
	Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error
}

// Config is what a Ring needs. All fields are required.
type Config struct {
	Writer Writer
	Read   *sql.DB
	Now    func() time.Time
	Log    *slog.Logger
}

// Ring is the keys as they were at Open. It is safe for concurrent use.
type Ring struct {
	signers map[use]jose.Signer
	public  map[string]jose.JSONWebKey // by kid
	set     jose.JSONWebKeySet
}

// use is what a prepared signer is for.
type use struct{ alg, typ string }

// Open loads the keys, making those that are missing; the first run takes a
// moment for that (RSA). The file must be migrated. Errors: the writer's or the
// reader's, or a stored key that cannot be trusted.
func Open(ctx context.Context, c Config) (*Ring, error) {
	stored, err := load(ctx, c)
	if err != nil {
		return nil, err
	}
	made := false
	for _, alg := range algorithms {
		if signing(stored, alg, c.Now()) == nil {
			if err := c.make(ctx, alg); err != nil {
				return nil, err
			}
			made = true
		}
	}
	// Read again rather than add: another process may have been faster.
	if made {
		if stored, err = load(ctx, c); err != nil {
			return nil, err
		}
	}
	return newRing(stored, c.Now())
}

func newRing(stored []key, now time.Time) (*Ring, error) {
	r := &Ring{signers: map[use]jose.Signer{}, public: map[string]jose.JSONWebKey{}}
	for _, k := range stored {
		public := jose.JSONWebKey{Key: k.private.Public(), KeyID: k.kid, Algorithm: k.alg, Use: "sig"}
		r.public[k.kid] = public
		r.set.Keys = append(r.set.Keys, public)
	}
	for _, alg := range algorithms {
		k := signing(stored, alg, now)
		if k == nil {
			return nil, fmt.Errorf("no %s key can sign now", alg)
		}
		for _, typ := range []string{TypeAccessToken, TypeJWT} {
			s, err := k.signer(typ)
			if err != nil {
				return nil, fmt.Errorf("%s signer: %w", alg, err)
			}
			r.signers[use{alg, typ}] = s
		}
	}
	return r, nil
}

// JWKS is the set to publish: public members only, each with its own kid.
func (r *Ring) JWKS() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: slices.Clone(r.set.Keys)}
}

// Algorithms names what Sign can sign with.
func (r *Ring) Algorithms() []string { return slices.Clone(algorithms) }
