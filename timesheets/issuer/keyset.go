package issuer

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v3"
	"golang.org/x/time/rate"
)

const (
	// keysAge is how long the keys count before they are read again: a key that
	// the issuer has taken away is refused by then.
	keysAge = 5 * time.Minute
	// keysStale is how long they count where the issuer cannot be reached.
	keysStale = time.Hour
	// rsaBits: RFC 7518 3.3, 2048 bits or larger MUST be used.
	rsaBits = 2048
)

// keySet is the issuer's JWK set as last read. A token by a key that is not in
// it makes it be read again, so that a rotation is followed at once; how often,
// the limit decides, because anybody can make up a kid.
type keySet struct {
	*remote
	current atomic.Pointer[fetched]
	failed  atomic.Int64 // when it could not be read last, unix nanoseconds
	one     sync.Mutex   // only one reads it at a time
	limit   *rate.Limiter
}

type fetched struct {
	keys []jose.JSONWebKey
	at   time.Time
}

func newKeySet(r *remote) *keySet {
	return &keySet{remote: r, limit: rate.NewLimiter(rate.Every(time.Second), 3)}
}

// find returns the keys that may have signed a token. Errors: *unavailableError
// where that cannot be known now.
func (k *keySet) find(ctx context.Context, kid, alg string) ([]jose.JSONWebKey, error) {
	had := k.current.Load()
	// Nobody who has a good key waits for an issuer that was down a moment ago.
	down := time.Since(time.Unix(0, k.failed.Load())) < patience
	if had != nil && (time.Since(had.at) < keysAge || down && time.Since(had.at) < keysStale) {
		if found := had.matching(kid, alg); len(found) > 0 {
			return found, nil
		}
	}
	now, err := k.again(ctx, had)
	if err == nil {
		return now.matching(kid, alg), nil
	}
	k.failed.Store(time.Now().UnixNano())
	// A key that was good a while ago is better than nobody being served; one
	// that is unknown may be a new one, and nobody can tell.
	if had != nil && time.Since(had.at) < keysStale {
		if found := had.matching(kid, alg); len(found) > 0 {
			k.Log.WarnContext(ctx, "the issuer's keys could not be read again", "err", err)
			return found, nil
		}
	}
	return nil, err
}

// again reads the set, unless somebody has since had was looked at.
func (k *keySet) again(ctx context.Context, had *fetched) (*fetched, error) {
	k.one.Lock()
	defer k.one.Unlock()
	if now := k.current.Load(); now != had {
		return now, nil
	}
	waiting, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := k.limit.Wait(waiting); err != nil {
		return nil, &unavailableError{err}
	}
	meta, err := k.discover(ctx)
	if err != nil {
		return nil, err
	}
	if meta.JWKSURI == "" {
		return nil, errors.New("the issuer publishes no keys (jwks_uri)")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.get(ctx, meta.JWKSURI, &set); err != nil {
		return nil, &unavailableError{err}
	}
	now := &fetched{at: time.Now()}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		// RFC 7517 5: keys of a kind that is not understood are ignored.
		if err := json.Unmarshal(raw, &key); err == nil && usable(key) {
			now.keys = append(now.keys, key)
		}
	}
	k.current.Store(now)
	return now, nil
}

// usable keys are public, for signatures, and long enough.
func usable(key jose.JSONWebKey) bool {
	public, isRSA := key.Key.(*rsa.PublicKey)
	return key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") && (!isRSA || public.N.BitLen() >= rsaBits)
}

// matching are the keys by that name; by any where the token names none (RFC
// 7515 4.1.4: kid is a hint). A key that says its algorithm is for that alone.
func (f *fetched) matching(kid, alg string) (found []jose.JSONWebKey) {
	for _, key := range f.keys {
		if (kid == "" || key.KeyID == kid) && (key.Algorithm == "" || key.Algorithm == alg) {
			found = append(found, key)
		}
	}
	return found
}
