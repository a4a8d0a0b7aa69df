package issuer

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v3"
)

const (
	// keysAge is how old the keys are when they are read again, beside the calls
	// and whether there are any: a key that the issuer has taken away is refused
	// a few seconds later.
	keysAge = 5 * time.Minute
	// keysStale is how long they are used where the issuer cannot be reached.
	// After that nobody can tell any more which keys are good: 503.
	keysStale = time.Hour
	// rsaBits: RFC 7518 3.3, 2048 bits or larger MUST be used.
	rsaBits = 2048
)

// keySet are the keys that an issuer publishes (RFC 7517 5).
type keySet []jose.JSONWebKey

// readKeys reads the issuer's JWK set, wherever its metadata says that it is.
func (r *remote) readKeys(ctx context.Context) (keySet, error) {
	meta, err := r.discover(ctx)
	if err != nil {
		return nil, err
	}
	if meta.JWKSURI == "" {
		return nil, errors.New("the issuer publishes no keys (jwks_uri)")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := r.get(ctx, meta.JWKSURI, &set); err != nil {
		return nil, err
	}
	keys := keySet{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		// RFC 7517 5: keys of a kind that is not understood are ignored.
		if err := json.Unmarshal(raw, &key); err == nil && usable(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// usable keys are public, for signatures, and long enough.
func usable(key jose.JSONWebKey) bool {
	public, isRSA := key.Key.(*rsa.PublicKey)
	return key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") && (!isRSA || public.N.BitLen() >= rsaBits)
}

// matching are the keys by that name; by any where the token names none (RFC
// 7515 4.1.4: kid is a hint). A key that says its algorithm is for that alone.
func (s keySet) matching(kid, alg string) (found []jose.JSONWebKey) {
	for _, key := range s {
		if (kid == "" || key.KeyID == kid) && (key.Algorithm == "" || key.Algorithm == alg) {
			found = append(found, key)
		}
	}
	return found
}
