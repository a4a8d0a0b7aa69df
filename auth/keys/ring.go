package keys

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v3"
)

// The algorithms that this server signs with. It accepts no others.
const (
	ES256 = "ES256"
	RS256 = "RS256"
)

// The values of the header's typ.
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

// Ring holds the keys of one file. It is safe for concurrent use. What has
// happened to the keys decides which one signs, and not the clock, so setting
// the clock forward or back never leaves the server without a key.
type Ring struct {
	config Config
	keys   atomic.Pointer[state]
	opened time.Time    // by the monotonic clock, which nobody can set
	looked atomic.Int64 // when Refresh last read the file, in nanoseconds since opened
}

// state is the keys as they were last read.
type state struct {
	stored  []key // oldest first
	signers map[use]jose.Signer
	public  map[string]jose.JSONWebKey // by kid
}

// use is what a prepared signer is for.
type use struct{ kid, typ string }

// Open loads the keys and makes those that are missing. The first run takes a
// moment for that (RSA). The file must be migrated. Errors: the writer's or
// the reader's, or a stored key that cannot be trusted.
func Open(ctx context.Context, c Config) (*Ring, error) {
	stored, err := load(ctx, c)
	if err != nil {
		return nil, err
	}
	made := false
	for _, alg := range algorithms {
		if signing(stored, alg) == nil {
			if err := c.make(ctx, alg); err != nil {
				return nil, err
			}
			made = true
		}
	}
	// Read again, because another process may have added a key first.
	if made {
		if stored, err = load(ctx, c); err != nil {
			return nil, err
		}
	}
	r := &Ring{config: c, opened: time.Now()}
	r.looked.Store(-int64(reloadEvery)) // never yet
	for _, alg := range algorithms {
		if signing(stored, alg) == nil {
			return nil, fmt.Errorf("there is no %s key to sign with", alg)
		}
	}
	return r, r.take(stored)
}

// take makes these the keys of the ring.
func (r *Ring) take(stored []key) error {
	s := &state{stored: stored, signers: map[use]jose.Signer{}, public: map[string]jose.JSONWebKey{}}
	for i := range stored {
		k := &stored[i]
		s.public[k.kid] = jose.JSONWebKey{Key: k.private.Public(), KeyID: k.kid, Algorithm: k.alg, Use: "sig"}
		for _, typ := range []string{TypeAccessToken, TypeJWT} {
			signer, err := k.signer(typ)
			if err != nil {
				return fmt.Errorf("%s signer: %w", k.alg, err)
			}
			s.signers[use{k.kid, typ}] = signer
		}
	}
	r.keys.Store(s)
	return nil
}

// published reports whether others may still need the key, RFC 7517 5.
func (r *Ring) published(kid string) (jose.JSONWebKey, bool) {
	s, now := r.keys.Load(), r.config.Now()
	for i := range s.stored {
		if k := &s.stored[i]; k.kid == kid {
			return s.public[kid], k.publishedUntil.IsZero() || now.Before(k.publishedUntil)
		}
	}
	return jose.JSONWebKey{}, false
}

// JWKS is the set to publish: only public members, each key with its own kid.
// A key is in it until the last token that it signed has expired.
func (r *Ring) JWKS() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, k := range r.keys.Load().stored {
		if public, ok := r.published(k.kid); ok {
			set.Keys = append(set.Keys, public)
		}
	}
	return set
}

// Algorithms lists what Sign can sign with.
func (r *Ring) Algorithms() []string { return slices.Clone(algorithms) }
