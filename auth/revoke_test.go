package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/store"
)

// asksToRevoke asks to revoke a token, as a client without a secret.
func (w *world) asksToRevoke(client, token string) *httptest.ResponseRecorder {
	return w.post(pathRevoke, url.Values{"client_id": {client}, "token": {token}})
}

// RFC 7009 2.1: the grant ends, whichever of its tokens is named. An app that
// signs somebody out cannot know that its token was rotated a moment ago.
func TestRevokedByAnyGeneration(t *testing.T) {
	w := newWorld(t)
	for name, which := range map[string]func(generations []tokenResponse) string{
		"the first refresh token": func(g []tokenResponse) string { return g[0].RefreshToken },
		"the one before":          func(g []tokenResponse) string { return g[1].RefreshToken },
		"the newest":              func(g []tokenResponse) string { return g[2].RefreshToken },
		"a replaced access token": func(g []tokenResponse) string { return g[0].AccessToken },
		"the newest access token": func(g []tokenResponse) string { return g[2].AccessToken },
	} {
		t.Run(name, func(t *testing.T) {
			generations := []tokenResponse{w.granted(allScope)}
			for i := range 2 {
				generations = append(generations, w.tokens(w.refresh(generations[i].RefreshToken)))
			}
			newest := generations[2]
			// RFC 7009 2.1: it was not issued to this one, so nothing happens, and it is told.
			w.refused(w.asksToRevoke("timesheets-app", which(generations)), 400, "invalid_grant")
			if !w.alive(newest.AccessToken) {
				t.Fatal("another client ended it")
			}
			for range 2 {
				if rec := w.asksToRevoke("timesheets-mobile", which(generations)); rec.Code != http.StatusOK {
					t.Fatalf("%d %s", rec.Code, rec.Body)
				}
			}
			if w.alive(newest.AccessToken) {
				t.Error("an access token lives on")
			}
			w.refused(w.refresh(newest.RefreshToken), 400, "invalid_grant")
		})
	}
}

// A scope that was taken back ends the access tokens that have it; they still
// name their grant.
func TestRevokedByATokenThatWasTakenBack(t *testing.T) {
	w := newWorld(t)
	got := w.granted(allScope)
	if err := w.store.Withdraw(t.Context(), store.Withdrawal{Subject: "usr_ada", ClientID: "timesheets-mobile", Scope: "create:timesheets"}); err != nil {
		t.Fatal(err)
	}
	if w.alive(got.AccessToken) {
		t.Fatal("the scope was not taken back")
	}
	next := w.tokens(w.refresh(got.RefreshToken))
	w.asksToRevoke("timesheets-mobile", got.AccessToken)
	if w.alive(next.AccessToken) {
		t.Error("the grant lives on")
	}
}

// A rotation and a revocation of the same token at the same moment: whichever
// is written first, nothing is left.
func TestRevocationAgainstRotation(t *testing.T) {
	w := newWorld(t)
	for round := range 30 {
		first := w.granted(allScope)
		var rotation, revocation *httptest.ResponseRecorder
		var both sync.WaitGroup
		if round == 0 { // once for certain: the rotation has read, and writes after the revocation
			held := newGate(2)
			w.disk.gate.Store(held)
			both.Go(func() { rotation = w.refresh(first.RefreshToken) })
			for held.missing.Load() == 2 { // until it has come that far
				runtime.Gosched()
			}
			revocation = w.asksToRevoke("timesheets-mobile", first.RefreshToken)
			held.pass()
			w.disk.gate.Store(nil)
		} else {
			both.Go(func() { rotation = w.refresh(first.RefreshToken) })
			both.Go(func() { revocation = w.asksToRevoke("timesheets-mobile", first.RefreshToken) })
		}
		both.Wait()
		if revocation.Code != http.StatusOK {
			t.Fatalf("round %d: %d %s", round, revocation.Code, revocation.Body)
		}
		if rotation.Code != http.StatusOK {
			w.refused(rotation, 400, "invalid_grant")
			continue
		}
		next := w.tokens(rotation)
		if w.alive(next.AccessToken) {
			t.Errorf("round %d: the rotation's access token survived", round)
		}
		w.refused(w.refresh(next.RefreshToken), 400, "invalid_grant")
	}
}

// What is remembered of replaced access tokens goes once they have expired.
func TestReplacedTokensAreForgotten(t *testing.T) {
	w := newWorld(t)
	got := w.granted(allScope)
	for range 3 {
		got = w.tokens(w.refresh(got.RefreshToken))
	}
	if n := w.count("replaced_access_tokens"); n != 3 {
		t.Fatalf("%d replaced tokens are remembered, want 3", n)
	}
	w.clock.pass(48 * time.Hour)
	if err := w.Purge(t.Context()); err != nil || w.count("replaced_access_tokens") != 0 {
		t.Errorf("%d are left, %v", w.count("replaced_access_tokens"), err)
	}
	w.tokens(w.refresh(got.RefreshToken))
}
