package auth

import (
	"context"
	"errors"
	"regexp"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/store"
)

// Why Expire has not ended anything.
var (
	ErrNoHash   = errors.New("not a SHA-256 in hex: 64 digits from 0 to 9 and a to f")
	ErrNoToken  = errors.New("no code or token here has this hash")
	ErrNotAlive = errors.New("it is used, revoked or expired already")
)

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Expire ends a code, access token or refresh token at this moment, as if its
// lifetime were over. It is named by its SHA-256 in hex, of which the ledger
// shows the beginning, and which opens nothing. It returns "authorization
// code", "access token" or "refresh token". Errors: ErrNoHash, ErrNoToken;
// ErrNotAlive, with the kind; the storage room's.
func (s *Server) Expire(ctx context.Context, hash string) (kind string, err error) {
	if !sha256Hex.MatchString(hash) {
		return "", ErrNoHash
	}
	kind, err = s.store.Expire(ctx, hash)
	switch {
	case errors.Is(err, store.ErrSpent), errors.Is(err, store.ErrExpired):
		return kind, ErrNotAlive
	case errors.Is(err, fosite.ErrNotFound):
		return "", ErrNoToken
	}
	return kind, err
}
