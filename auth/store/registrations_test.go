package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

const manage = "the registration access token of reg_1"

// registered is a client that registered itself and has a day to be used.
func registered(t *testing.T, f *fixture, id string) {
	t.Helper()
	c := Client{ID: id, Name: "Mine", Kind: "native", Grants: []string{"authorization_code", "refresh_token"}, Scopes: []string{"read"}, AuthMethods: []string{"none"}}
	must(t, f.Register(t.Context(), c, Registration{TokenHash: ledger.Hash(manage + id), Metadata: `{"client_name":"Mine"}`, ExpiresAt: f.clock.now().Add(24 * time.Hour)}))
}

func TestRegistrationIsReadByItsTokenAlone(t *testing.T) {
	f := open(t)
	registered(t, f, "reg_1")
	registered(t, f, "reg_2")
	c, r, err := f.Registered(t.Context(), "reg_1", manage+"reg_1")
	must(t, err)
	if c.ID != "reg_1" || c.Source != SourceRuntime || r.Metadata != `{"client_name":"Mine"}` || !r.RegisteredAt.Equal(f.clock.now()) || !r.ExpiresAt.Equal(c.ExpiresAt) || !r.LastUsedAt.IsZero() {
		t.Errorf("%+v %+v", c, r)
	}
	for _, row := range [][2]string{{"reg_1", manage + "reg_2"}, {"reg_1", ledger.Hash(manage + "reg_1")}, {"reg_1", ""}, {"reg_3", manage + "reg_1"}, {"app", manage + "reg_1"}} {
		_, _, err := f.Registered(t.Context(), row[0], row[1])
		is(t, err, fosite.ErrNotFound)
	}
}

// A registration that is not used is nobody's from the moment on at which it
// expires, purged or not; one that is used lasts until then.
func TestRegistrationsExpireUnlessUsed(t *testing.T) {
	ctx, f := t.Context(), open(t)
	registered(t, f, "reg_1")
	registered(t, f, "reg_2")
	must(t, f.Used(ctx, "reg_2", f.clock.now().Add(48*time.Hour)))
	f.clock.advance(24*time.Hour - time.Millisecond)
	_, err := f.Client(ctx, "reg_1")
	must(t, err)
	f.clock.advance(time.Millisecond)
	_, err = f.Client(ctx, "reg_1") // it was in the cache a moment ago
	is(t, err, fosite.ErrNotFound)
	_, _, err = f.Registered(ctx, "reg_1", manage+"reg_1")
	is(t, err, fosite.ErrNotFound)
	_, err = f.Client(ctx, "reg_2")
	must(t, err)
	if all, err := f.Clients(ctx); err != nil || len(all) != len(clients)+1 {
		t.Errorf("%d clients: %v", len(all), err)
	}
	is(t, f.Reregister(ctx, Client{ID: "reg_1", Kind: "native"}, `{}`), fosite.ErrNotFound) // it must not come back to life

	n, err := f.PurgeRegistrations(ctx)
	must(t, err)
	var left int
	must(t, f.file.Read().QueryRow(`SELECT count(*) FROM clients WHERE id = 'reg_1'`).Scan(&left))
	if n != 1 || left != 0 {
		t.Errorf("purged %d, %d rows of it are left", n, left)
	}
	_, err = f.Client(ctx, "reg_2")
	must(t, err)
}

// What was granted to a client ends with it; its row goes when no grant refers
// to it any more.
func TestDeregistrationEndsGrants(t *testing.T) {
	ctx, f := t.Context(), open(t)
	registered(t, f, "reg_1")
	grant := f.clock.request("r1")
	grant.Client = &Client{ID: "reg_1"}
	must(t, f.CreateAccessTokenSession(ctx, "access", grant))
	_, err := f.AccessToken(ctx, "access")
	must(t, err)
	must(t, f.Deregister(ctx, "reg_1"))
	_, err = f.AccessToken(ctx, "access")
	is(t, err, fosite.ErrNotFound)
	_, err = f.Client(ctx, "reg_1")
	is(t, err, fosite.ErrNotFound)
	is(t, f.Deregister(ctx, "reg_1"), fosite.ErrNotFound)

	rows := func() (n int) {
		must(t, f.file.Read().QueryRow(`SELECT count(*) FROM clients WHERE id = 'reg_1'`).Scan(&n))
		return n
	}
	_, err = f.PurgeRegistrations(ctx)
	must(t, err)
	if rows() != 1 {
		t.Error("the client is gone, and a grant still refers to it")
	}
	f.clock.advance(48 * time.Hour)
	_, err = f.Purge(ctx)
	must(t, err)
	_, err = f.PurgeRegistrations(ctx)
	must(t, err)
	if rows() != 0 {
		t.Error("the row of a client without grants stays")
	}
}

// A declaration leaves clients alone that registered themselves.
func TestRegisteredStayOverADeclaration(t *testing.T) {
	f := open(t)
	registered(t, f, "reg_1")
	f.without(t, "other")
	_, err := f.Client(t.Context(), "reg_1")
	must(t, err)
}

func TestRegistrationsAreBounded(t *testing.T) {
	f := open(t)
	for i := range maxRegistered {
		registered(t, f, fmt.Sprint("reg_", i))
	}
	c := Client{ID: "one too many", Kind: "native"}
	r := Registration{TokenHash: ledger.Hash("x"), ExpiresAt: f.clock.now().Add(time.Hour)}
	is(t, f.Register(t.Context(), c, r), ErrFull)
	if _, err := f.Client(t.Context(), c.ID); !errors.Is(err, fosite.ErrNotFound) {
		t.Errorf("stored all the same: %v", err)
	}
	f.clock.advance(24 * time.Hour) // those that have expired take no place, purged or not
	r.ExpiresAt = f.clock.now().Add(time.Hour)
	must(t, f.Register(t.Context(), c, r))
}

// An initial access token gives as many registrations as it was made for,
// however many ask at once; a registration that fails gives its use back.
func TestInitialTokenIsSpent(t *testing.T) {
	f := open(t)
	must(t, f.AddInitialToken(t.Context(), "initial", 3, f.clock.now().Add(time.Hour)))
	unit := f.Begin(t.Context())
	must(t, f.SpendInitialToken(unit, "initial"))
	must(t, f.Rollback(unit))
	var won, lost int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := f.SpendInitialToken(t.Context(), "initial")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if errors.Is(err, ErrSpent) {
				lost++
			}
		})
	}
	wg.Wait()
	if won != 3 || lost != 17 {
		t.Errorf("%d registrations, %d refusals; want 3 and 17", won, lost)
	}
	is(t, f.SpendInitialToken(t.Context(), "unknown"), ErrSpent)
	must(t, f.AddInitialToken(t.Context(), "short", 1, f.clock.now().Add(time.Minute)))
	f.clock.advance(time.Minute)
	is(t, f.SpendInitialToken(t.Context(), "short"), ErrSpent)
	for verdict, want := range map[string]int{"pass": 3, "fail": 19} {
		if n := f.log.count("rule", rules.InitialToken.ID, "verdict", verdict); n != want {
			t.Errorf("%d times %s in the ledger, want %d", n, verdict, want)
		}
	}
}
