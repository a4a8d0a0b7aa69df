package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestExpire(t *testing.T) {
	f, ctx := open(t), t.Context()
	must(t, f.CreateAuthorizeCodeSession(ctx, "code", f.clock.request("r1")))
	must(t, f.CreateAccessTokenSession(ctx, "access", f.clock.request("r1")))
	must(t, f.CreateRefreshTokenSession(ctx, "refresh", "access", f.clock.request("r1")))
	begun := time.Now()
	for _, c := range []struct {
		secret, kind string
		expiry       fosite.TokenType
	}{{"code", "authorization code", fosite.AuthorizeCode}, {"access", "access token", fosite.AccessToken}, {"refresh", "refresh token", fosite.RefreshToken}} {
		if kind, err := f.Expire(ctx, ledger.Hash(c.secret)); kind != c.kind || err != nil {
			t.Fatalf("%s: %q %v", c.secret, kind, err)
		}
		s := newSession()
		var err error
		switch c.expiry { // fosite compares this with the wall clock
		case fosite.AuthorizeCode:
			_, err = f.GetAuthorizeCodeSession(ctx, c.secret, s)
		case fosite.RefreshToken:
			_, err = f.GetRefreshTokenSession(ctx, c.secret, s)
		default:
			_, err = f.GetAccessTokenSession(ctx, c.secret, s)
		}
		must(t, err)
		if at := s.GetExpiresAt(c.expiry); at.Before(begun) || at.After(time.Now()) {
			t.Errorf("%s: the session says %v, want now", c.secret, at)
		}
		if s.GetExpiresAt(fosite.AccessToken).IsZero() {
			t.Errorf("%s: its session lost the rest", c.secret)
		}
		kind, err := f.Expire(ctx, ledger.Hash(c.secret))
		if is(t, err, ErrExpired); kind != c.kind {
			t.Errorf("again: %q", kind)
		}
		if n := f.log.count("op", "expire", "id", ledger.Short(ledger.Hash(c.secret))); n != 1 {
			t.Errorf("%s: reported %d times", c.secret, n)
		}
	}
	_, err := f.AccessToken(ctx, "access")
	is(t, err, fosite.ErrNotFound, ErrExpired)
}

func TestExpireNeedsSomethingAlive(t *testing.T) {
	f, ctx := open(t), t.Context()
	_, err := f.Expire(ctx, ledger.Hash("unknown"))
	is(t, err, fosite.ErrNotFound)
	must(t, f.CreateAuthorizeCodeSession(ctx, "code", f.clock.request("r1")))
	must(t, f.InvalidateAuthorizeCodeSession(ctx, "code"))
	_, err = f.Expire(ctx, ledger.Hash("code"))
	is(t, err, ErrSpent)
	must(t, f.CreateAccessTokenSession(ctx, "access", f.clock.request("r1")))
	must(t, f.RevokeFamily(ctx, "r1"))
	_, err = f.Expire(ctx, ledger.Hash("access"))
	is(t, err, ErrSpent)
	if _, err := f.AccessToken(ctx, "access"); !errors.Is(err, fosite.ErrNotFound) || errors.Is(err, ErrExpired) {
		t.Errorf("a revoked token: %v; want it not to pass for expired", err)
	}
	must(t, f.CreateAccessTokenSession(ctx, "late", f.clock.request("r2")))
	f.clock.advance(15 * time.Minute)
	_, err = f.Expire(ctx, ledger.Hash("late"))
	is(t, err, ErrExpired)
	_, err = f.AccessToken(ctx, "late")
	is(t, err, fosite.ErrNotFound, ErrExpired)
}

func TestOneOf50ExpiresIt(t *testing.T) {
	f := open(t)
	must(t, f.CreateRefreshTokenSession(t.Context(), "refresh", "", f.clock.request("r1")))
	var each sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 50 {
		each.Go(func() {
			_, err := f.Expire(t.Context(), ledger.Hash("refresh"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, ErrExpired) {
				t.Error(err)
			}
		})
	}
	if each.Wait(); won != 1 {
		t.Errorf("%d ended it", won)
	}
}

func TestResetLeavesWhatIsDeclaredBesideIt(t *testing.T) {
	f, ctx := open(t), t.Context()
	must(t, f.CreateAuthorizeCodeSession(ctx, "code", f.clock.request("r1")))
	must(t, f.CreatePKCERequestSession(ctx, "code", f.clock.request("r1")))
	must(t, f.CreateOpenIDConnectSession(ctx, "code", f.clock.request("r1")))
	must(t, f.CreateAccessTokenSession(ctx, "access", f.clock.request("r1")))
	must(t, f.CreateRefreshTokenSession(ctx, "refresh", "", f.clock.request("r1")))
	must(t, f.SetClientAssertionJWT(ctx, "jti", f.clock.now().Add(time.Hour)))
	if _, err := f.Client(ctx, "other"); err != nil { // remembered from now on
		t.Fatal(err)
	}
	unit := f.Begin(ctx)
	must(t, f.Reset(unit))
	if _, err := f.ApplyClients(unit, clients[:1]); err != nil {
		t.Fatal(err)
	}
	must(t, f.Commit(unit))
	for _, table := range emptied {
		var n, want int
		if table == "clients" {
			want = 1
		}
		must(t, f.file.Read().QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
		if n != want {
			t.Errorf("%s has %d rows, want %d", table, n, want)
		}
	}
	_, err := f.Client(ctx, "other")
	is(t, err, fosite.ErrNotFound)
	if _, err := f.Client(ctx, "app"); err != nil { // remembered again
		t.Error(err)
	}
	must(t, f.Reset(ctx))
	_, err = f.Client(ctx, "app")
	is(t, err, fosite.ErrNotFound)
}

// A table that this room gains later has to go as well.
func TestResetKnowsAllTables(t *testing.T) {
	f := open(t)
	var n int
	must(t, f.file.Read().QueryRow(`SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'migrations_%'`).Scan(&n))
	if n != len(emptied) {
		t.Errorf("the room has %d tables, a reset empties %d", n, len(emptied))
	}
}
