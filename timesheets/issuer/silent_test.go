package issuer

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v3"

	"github.com/exampleco/punchcard/timesheets"
)

// distant is an issuer without a network, so that the tests here run on a clock
// of their own. It may say nothing, as a process that is stopped does: the
// connection stands, and no answer comes.
type distant struct {
	keys    *authority // its keys
	silent  atomic.Bool
	refuses atomic.Bool
	asked   atomic.Int64 // for its keys
	open    atomic.Int64 // questions that are under way
	most    atomic.Int64 // of them at once
	meta    map[string]string
}

const faraway = "https://issuer.example"

func newDistant(t *testing.T) *distant {
	d := &distant{keys: &authority{keys: map[string]crypto.Signer{}, Server: &httptest.Server{URL: faraway}}}
	d.keys.newKey(t, "one")
	d.meta = map[string]string{"issuer": faraway, "jwks_uri": faraway + "/keys", "introspection_endpoint": faraway + "/introspect"}
	return d
}

func (d *distant) config() Config {
	return Config{Issuer: faraway, Audience: audience, HTTP: &http.Client{Transport: d}}
}

func (d *distant) RoundTrip(r *http.Request) (*http.Response, error) {
	n := d.open.Add(1)
	defer d.open.Add(-1)
	for most := d.most.Load(); n > most && !d.most.CompareAndSwap(most, n); most = d.most.Load() {
	}
	if r.URL.Path == "/keys" {
		d.asked.Add(1)
	}
	if d.refuses.Load() {
		return nil, errors.New("connection refused")
	}
	if d.silent.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	time.Sleep(10 * time.Millisecond)
	var answer any = d.meta
	if r.URL.Path == "/keys" {
		set := jose.JSONWebKeySet{}
		d.keys.mu.Lock()
		for kid, key := range d.keys.keys {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig"})
		}
		d.keys.mu.Unlock()
		answer = set
	}
	body, err := json.Marshal(answer)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, err
}

// token is one by a key of the issuer, good for a day.
func (d *distant) token(t *testing.T, kid string) string {
	c := d.keys.claims()
	c["iss"], c["exp"] = faraway, time.Now().Add(24*time.Hour).Unix()
	return d.keys.token(t, kid, c, nil)
}

// took is how long a call takes, and what it comes to.
func took(v timesheets.Verifier, token string) (time.Duration, error) {
	begun := time.Now()
	_, err := v.Verify(context.Background(), token)
	return time.Since(begun), err
}

// RFC 9110 15.6.4 is for what cannot be known. A token of a key that is known
// can: an issuer that takes the connection and says nothing holds up nobody.
func TestASilentIssuerHoldsUpNoKnownKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDistant(t)
		j := NewJWKS(d.config())
		token := d.token(t, "one")
		if _, err := took(j, token); err != nil {
			t.Fatal(err)
		}
		d.silent.Store(true)
		for _, age := range []time.Duration{keysAge, 2 * keysAge, keysStale - time.Minute} {
			time.Sleep(age - time.Since(j.keys.last.at))
			var all sync.WaitGroup
			for range 12 {
				all.Go(func() {
					if waited, err := took(j, token); err != nil || waited > 0 {
						t.Errorf("keys of %s: %v after %s, want it at once", age, err, waited)
					}
				})
			}
			all.Wait()
		}
		if most := d.most.Load(); most != 1 {
			t.Errorf("%d questions at once, want 1", most)
		}
		// Too old, nobody can tell: told within the patience, and soon at once.
		time.Sleep(2 * time.Minute)
		for i := range 5 {
			if waited, err := took(j, token); !isUnavailable(err) || waited > patience || i > 0 && i < 3 && waited > 0 {
				t.Errorf("call %d, keys older than %s: %v after %s", i, keysStale, err, waited)
			}
		}
		// It speaks again.
		d.silent.Store(false)
		time.Sleep(patience)
		if waited, err := took(j, token); err != nil || waited > time.Second {
			t.Errorf("when it is back: %v after %s", err, waited)
		}
	})
}

// Whoever needs a key that is not known waits for one question with everybody
// else, each no longer than the patience, and there is an end to how many.
func TestUnknownKeysWaitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDistant(t)
		d.keys.newKey(t, "two")
		strange := d.token(t, "two")
		d.keys.mu.Lock()
		delete(d.keys.keys, "two")
		d.keys.mu.Unlock()
		j := NewJWKS(d.config())
		known := d.token(t, "one")
		if _, err := took(j, known); err != nil {
			t.Fatal(err)
		}
		d.silent.Store(true)
		before := d.asked.Load()
		var all sync.WaitGroup
		var atOnce atomic.Int64
		for range 4 * maxWaiting {
			all.Go(func() {
				waited, err := took(j, strange)
				if !isUnavailable(err) || waited > patience {
					t.Errorf("%v after %s", err, waited)
				}
				if waited == 0 {
					atOnce.Add(1)
				}
			})
		}
		synctest.Wait()
		// Nor do they hold up the others.
		if waited, err := took(j, known); err != nil || waited > 0 {
			t.Errorf("a known key: %v after %s", err, waited)
		}
		all.Wait()
		if asked := d.asked.Load() - before; asked > 2 {
			t.Errorf("asked %d times", asked)
		}
		if n := atOnce.Load(); n != 3*maxWaiting {
			t.Errorf("%d were answered at once, want all but %d", n, maxWaiting)
		}
		// The first caller goes away: the others have their answer all the same.
		d.silent.Store(false)
		time.Sleep(time.Minute)
		d.keys.newKey(t, "three")
		fresh := d.token(t, "three")
		gone, leave := context.WithCancel(t.Context())
		all.Go(func() { _, _ = j.Verify(gone, fresh) })
		all.Go(func() {
			synctest.Wait()
			leave()
		})
		for range 10 {
			all.Go(func() {
				if waited, err := took(j, fresh); err != nil || waited > time.Second {
					t.Errorf("a new key: %v after %s", err, waited)
				}
			})
		}
		all.Wait()
	})
}

// A token by a key that was published while the set was being read is read by
// the next set, and not refused by the one before.
func TestAReadingUnderWayIsNotTheLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDistant(t)
		k := keep("keys", keysAge, keysStale, slog.New(slog.DiscardHandler), func(context.Context) (int64, error) {
			n := d.asked.Add(1)
			time.Sleep(time.Second)
			return n, nil
		})
		go func() { _, _ = k.get(t.Context(), func(int64) bool { return true }) }()
		time.Sleep(500 * time.Millisecond)
		got, err := k.get(t.Context(), func(n int64) bool { return n == 2 })
		if err != nil || got != 2 {
			t.Errorf("%d %v, want what was read after the question", got, err)
		}
	})
}

// Follow keeps up without any call: a key that was taken away is refused after
// keysAge. While the issuer is down it asks now and then, and not all the time.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDistant(t)
		j := NewJWKS(d.config())
		token := d.token(t, "one")
		ctx, end := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		ended.Go(func() { j.Follow(ctx) })
		time.Sleep(time.Second)
		if waited, err := took(j, token); err != nil || waited > 0 {
			t.Errorf("the first call: %v after %s, want the keys to be there", err, waited)
		}
		d.keys.mu.Lock()
		delete(d.keys.keys, "one")
		d.keys.mu.Unlock()
		time.Sleep(keysAge + time.Second)
		if waited, err := took(j, token); !errors.Is(err, timesheets.ErrInvalidToken) {
			t.Errorf("a key that was taken away: %v after %s", err, waited)
		}
		d.refuses.Store(true)
		before := d.asked.Load()
		time.Sleep(keysAge + 10*time.Minute)
		if asked := d.asked.Load() - before; asked < 5 || asked > 25 {
			t.Errorf("asked %d times in 10 minutes of refusals", asked)
		}
		end()
		ended.Wait()
	})
}

// Introspection has to ask. A silent issuer has few open questions, and every
// call has its answer.
func TestASilentIssuerIsNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDistant(t)
		i := NewIntrospection(d.config(), "gateway", "secret")
		if _, err := i.discover(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.silent.Store(true)
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				if waited, err := took(i, "opaque"); !isUnavailable(err) || waited > queueing+patience {
					t.Errorf("%v after %s", err, waited)
				}
			})
		}
		all.Wait()
		if most := d.most.Load(); most > maxAsking {
			t.Errorf("%d questions at once, want at most %d", most, maxAsking)
		}
	})
}

// What is asked in the clear is said, and an issuer that is not does not lead
// there (RFC 8414 2, RFC 7662 4).
func TestInTheClear(t *testing.T) {
	for address, want := range map[string]bool{
		"http://192.0.2.1": true, "http://issuer.example/x": true, "http://[2001:db8::1]:8080": true, "http://localhost.evil.example": true, "http://127.0.0.1.evil.example": true,
		"http://localhost:8484": false, "http://LOCALHOST": false, "http://127.0.0.1:1": false, "http://127.8.8.8": false, "http://[::1]:8484": false, "https://issuer.example": false,
	} {
		if got := Exposed(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		for _, member := range []string{"jwks_uri", "introspection_endpoint"} {
			d := newDistant(t)
			d.meta[member] = "http://issuer.example/" + strings.TrimPrefix(d.meta[member], faraway)
			if _, err := took(NewJWKS(d.config()), d.token(t, "one")); !isUnavailable(err) || !strings.Contains(err.Error(), "not encrypted") || d.asked.Load() > 0 {
				t.Errorf("%s: %v, asked %d times", member, err, d.asked.Load())
			}
		}
	})
}
