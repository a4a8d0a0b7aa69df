package auth

import (
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/back"
)

// lasts is what a token response and the token itself say of its end.
func (w *world) lasts(got tokenResponse) (expiresIn, exp time.Duration) {
	w.t.Helper()
	c := payload(w.t, got.AccessToken)
	return time.Duration(got.ExpiresIn) * time.Second, time.Duration(c.Expiry-c.IssuedAt) * time.Second
}

func TestLifetimesChangeWhileTheServerRuns(t *testing.T) {
	w := newWorld(t)
	before := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	early := w.grant("ada@example.com", allScope)
	if err := w.SetLifetimes(back.Lifetimes{Access: 5 * time.Second, Refresh: 10 * time.Second, Code: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if got := w.Lifetimes(); got != (back.Lifetimes{Access: 5 * time.Second, Refresh: 10 * time.Second, Code: 5 * time.Second}) {
		t.Fatalf("%+v", got)
	}
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	if in, exp := w.lasts(got); in != 5*time.Second || exp != 5*time.Second {
		t.Errorf("expires_in %v, exp after %v; want 5s both", in, exp)
	}
	machine := w.tokens(w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}))
	if in, exp := w.lasts(machine); in != 5*time.Second || exp != 5*time.Second {
		t.Errorf("a machine's: expires_in %v, exp after %v; want 5s both", in, exp)
	}
	late := w.grant("ada@example.com", allScope)
	w.clock.pass(5 * time.Second)
	if w.alive(got.AccessToken) || !w.alive(before.AccessToken) {
		t.Errorf("the new access token lives: %v, the old one: %v; want only the old", w.alive(got.AccessToken), w.alive(before.AccessToken))
	}
	w.refused(w.exchange(late), 400, "invalid_grant") // RFC 6749 4.1.2
	w.tokens(w.exchange(early))                       // a minute was promised when it was made
	w.clock.pass(5 * time.Second)
	w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant") // RFC 6749 5.2
	w.tokens(w.refresh(before.RefreshToken))
}

func TestLifetimesHaveLimits(t *testing.T) {
	w := newWorld(t)
	was := w.Lifetimes()
	for _, bad := range []struct {
		to back.Lifetimes
		of string
	}{
		{back.Lifetimes{Access: time.Second - 1}, "access"},
		{back.Lifetimes{Access: 24*time.Hour + 1}, "access"},
		{back.Lifetimes{Access: -1}, "access"},
		{back.Lifetimes{Access: time.Minute, Refresh: time.Second - 1}, "refresh"},
		{back.Lifetimes{Refresh: 90*24*time.Hour + 1}, "refresh"},
		{back.Lifetimes{Code: time.Second - 1}, "code"},
		{back.Lifetimes{Access: time.Minute, Code: 10*time.Minute + 1}, "code"},
	} {
		var e *back.LifetimeError
		if err := w.SetLifetimes(bad.to); !errors.As(err, &e) || e.Of != bad.of || err.Error() == "" {
			t.Errorf("%+v: %v", bad.to, err)
		}
	}
	if w.Lifetimes() != was {
		t.Errorf("what was refused changed %+v to %+v", was, w.Lifetimes())
	}
	var each sync.WaitGroup // zero fields stay, also where somebody else sets them at that moment
	for _, to := range []back.Lifetimes{{Access: time.Hour}, {Refresh: 90 * 24 * time.Hour}, {Code: 10 * time.Minute}} {
		each.Go(func() {
			if err := w.SetLifetimes(to); err != nil {
				t.Error(err)
			}
		})
	}
	each.Wait()
	if got := w.Lifetimes(); got != (back.Lifetimes{Access: time.Hour, Refresh: 90 * 24 * time.Hour, Code: 10 * time.Minute}) {
		t.Errorf("%+v", got)
	}
}
