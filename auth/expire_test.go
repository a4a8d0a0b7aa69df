package auth

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/ledger"
)

// expire ends a value and says what it was.
func (w *world) expire(value, kind string) {
	w.t.Helper()
	if got, err := w.Expire(w.t.Context(), ledger.Hash(value)); got != kind || err != nil {
		w.t.Fatalf("expire: %q %v, want %q", got, err, kind)
	}
}

func TestExpireNow(t *testing.T) {
	w := newWorld(t)
	code := w.grant("ada@example.com", allScope)
	w.expire(code, "authorization code")
	w.refused(w.exchange(code), 400, "invalid_grant") // RFC 6749 4.1.2, 5.2

	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	w.Verify(w.t.Context(), got.AccessToken, issuer+"/api") // its signature is remembered now
	w.expire(got.AccessToken, "access token")
	_, err := w.Verify(t.Context(), got.AccessToken, issuer+"/api")
	var bad *back.InvalidTokenError
	if !errors.As(err, &bad) || bad.Reason != "it has expired" {
		t.Errorf("the API hears %v, want that it has expired", err) // RFC 6750 3.1 invalid_token
	}
	asked := w.post(pathIntrospect, url.Values{"token": {got.AccessToken}, "client_id": {"timesheets-gateway"}, "client_secret": {"timesheets-gateway-secret"}})
	if strings.TrimSpace(asked.Body.String()) != `{"active":false}` { // RFC 7662 2.2
		t.Errorf("introspection: %s", asked.Body)
	}
	if other := w.tokens(w.refresh(got.RefreshToken)); !w.alive(other.AccessToken) {
		t.Error("the grant died with its access token")
	} else {
		w.expire(other.RefreshToken, "refresh token")
		w.refused(w.refresh(other.RefreshToken), 400, "invalid_grant")
		if !w.alive(other.AccessToken) {
			t.Error("an expired refresh token is no replay: the access token beside it stays") // RFC 9700 4.14.2 is about reuse
		}
	}
}

func TestExpireOnlyWhatLives(t *testing.T) {
	w := newWorld(t)
	fails := func(hash, kind string, want error) {
		t.Helper()
		if got, err := w.Expire(t.Context(), hash); got != kind || err != want {
			t.Errorf("%.12s: %q %v, want %q %v", hash, got, err, kind, want)
		}
	}
	fails("", "", ErrNoHash)
	fails(ledger.Hash("x")[:8], "", ErrNoHash)
	fails(strings.ToUpper(ledger.Hash("x")), "", ErrNoHash)
	fails(ledger.Hash("unknown"), "", ErrNoToken)
	code := w.grant("ada@example.com", allScope)
	got := w.tokens(w.exchange(code))
	fails(ledger.Hash(code), "authorization code", ErrNotAlive)
	next := w.tokens(w.refresh(got.RefreshToken))
	fails(ledger.Hash(got.RefreshToken), "refresh token", ErrNotAlive)
	fails(ledger.Hash(got.AccessToken), "", ErrNoToken) // a refresh deletes it
	w.expire(next.AccessToken, "access token")
	fails(ledger.Hash(next.AccessToken), "access token", ErrNotAlive)
	w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant") // a replay: the family is dead
	fails(ledger.Hash(next.RefreshToken), "refresh token", ErrNotAlive)
	late := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	w.clock.pass(15 * time.Minute)
	fails(ledger.Hash(late.AccessToken), "access token", ErrNotAlive)
}

// What is used at the very moment may still be exchanged, as when its lifetime
// ends then; but what was used first is never said to have been ended.
func TestExpireAgainstUse(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
		var both sync.WaitGroup
		var expired error
		var status int
		both.Go(func() { _, expired = w.Expire(t.Context(), ledger.Hash(got.RefreshToken)) })
		both.Go(func() { status = w.refresh(got.RefreshToken).Code })
		both.Wait()
		if expired != nil && !errors.Is(expired, ErrNotAlive) || expired != nil && status != 200 {
			t.Fatalf("expire: %v, refresh: %d", expired, status)
		}
	}
}
