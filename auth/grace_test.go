package auth

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

const longGrace = 10 * time.Second

// withinGrace is a world in which a used refresh token counts for ten seconds.
func withinGrace(t testing.TB) *world {
	w := newWorld(t)
	w.grace = longGrace
	w.open(document(t, seed.Builtin()), true)
	return w
}

func (w *world) granted(scope string) tokenResponse {
	w.t.Helper()
	return w.tokens(w.exchange(w.grant("ada@example.com", scope)))
}

func (w *world) asking(token string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"timesheets-mobile"}, "refresh_token": {token}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.post(pathToken, form)
}

// invalidGrant is what a replay is told, and everything of its family with it.
func (w *world) invalidGrant(what string, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	var body map[string]string
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil || rec.Code != http.StatusBadRequest || body["error"] != "invalid_grant" {
		w.t.Errorf("%s: %d %s, want invalid_grant", what, rec.Code, rec.Body)
	}
}

func (w *world) stands(access string) bool {
	w.t.Helper()
	_, err := w.Verify(w.t.Context(), access, "")
	if err != nil && !invalid(err) {
		w.t.Fatal(err)
	}
	return err == nil
}

// RFC 9700 4.14.2 with a grace: the retry gets the same successor, which is
// used once; from then on the old token is a replay.
func TestARetryGetsTheSameSuccessor(t *testing.T) {
	w := withinGrace(t)
	first := w.granted("openid offline_access read:timesheets")
	second := w.tokens(w.refresh(first.RefreshToken)) // and the answer is lost
	for range 2 {
		w.clock.pass(3 * time.Second)
		again := w.tokens(w.refresh(first.RefreshToken))
		if again.RefreshToken != second.RefreshToken {
			t.Fatal("the retry got a second successor")
		}
		if again.AccessToken == "" || again.IDToken == "" || again.Scope != second.Scope || !w.stands(again.AccessToken) {
			t.Errorf("its access token is no good: %+v", again)
		}
	}
	if n := w.count("refresh_tokens"); n != 2 {
		t.Errorf("%d refresh tokens are stored, want the first and one successor", n)
	}
	third := w.tokens(w.refresh(second.RefreshToken))
	if third.RefreshToken == second.RefreshToken || w.stands(second.AccessToken) {
		t.Error("the successor did not rotate, or the access token of before it lives")
	}
	w.invalidGrant("the old token, its successor used", w.refresh(first.RefreshToken))
	w.invalidGrant("the newest of the family", w.refresh(third.RefreshToken))
	if w.stands(third.AccessToken) {
		t.Error("an access token outlived the replay")
	}
}

// The successor's use ends the grace, however short a while it took.
func TestNoRetryOnceTheSuccessorIsUsed(t *testing.T) {
	w := withinGrace(t)
	first := w.granted("offline_access read:timesheets")
	second := w.tokens(w.refresh(first.RefreshToken))
	third := w.tokens(w.refresh(second.RefreshToken))
	w.invalidGrant("the old token", w.refresh(first.RefreshToken))
	w.invalidGrant("the newest", w.refresh(third.RefreshToken))
}

func TestGraceEnds(t *testing.T) {
	w := withinGrace(t)
	for name, c := range map[string]struct {
		pass time.Duration
		same bool
	}{
		"at the last moment":    {longGrace, true},
		"a millisecond later":   {longGrace + time.Millisecond, false},
		"a day later":           {24 * time.Hour, false},
		"by a clock of before":  {-time.Hour, true},
		"within the same blink": {0, true},
	} {
		t.Run(name, func(t *testing.T) {
			first := w.granted("offline_access read:timesheets")
			second := w.tokens(w.refresh(first.RefreshToken))
			w.clock.pass(c.pass)
			rec := w.refresh(first.RefreshToken)
			if !c.same {
				w.invalidGrant("the retry", rec)
				w.invalidGrant("its successor", w.refresh(second.RefreshToken))
				return
			}
			if got := w.tokens(rec); got.RefreshToken != second.RefreshToken {
				t.Error("another successor")
			}
		})
	}
}

// Whoever asks for something else, or is somebody else, is no retry: the
// family ends, as it does without a grace.
func TestOnlyTheSameRequestIsARetry(t *testing.T) {
	w := withinGrace(t)
	for name, pairs := range map[string][]string{
		"a narrower scope":     {"scope", "read:timesheets"},
		"the resource as well": {"resource", issuer + "/api"},
	} {
		t.Run(name, func(t *testing.T) {
			first := w.granted("offline_access read:timesheets create:timesheets")
			second := w.tokens(w.refresh(first.RefreshToken))
			w.invalidGrant("the old token", w.asking(first.RefreshToken, pairs...))
			w.invalidGrant("its successor", w.refresh(second.RefreshToken))
		})
	}
	t.Run("another key", func(t *testing.T) {
		owner, thief := w.device(), w.device()
		first := w.granted("offline_access read:timesheets") // bound to no key yet
		second := w.tokens(owner.token(refreshForm(first.RefreshToken)))
		if again := w.tokens(owner.token(refreshForm(first.RefreshToken))); again.RefreshToken != second.RefreshToken {
			t.Error("the owner's retry got another successor")
		}
		w.invalidGrant("the old token", thief.token(refreshForm(first.RefreshToken)))
		w.invalidGrant("its successor", owner.token(refreshForm(second.RefreshToken)))
	})
	t.Run("another client", func(t *testing.T) {
		first := w.granted("offline_access read:timesheets")
		second := w.tokens(w.refresh(first.RefreshToken))
		w.invalidGrant("the old token", w.asking(first.RefreshToken, "client_id", "timesheets-app"))
		w.tokens(w.refresh(second.RefreshToken)) // it was no retry, and nobody's replay
	})
	t.Run("the same narrow scope", func(t *testing.T) {
		first := w.granted("offline_access read:timesheets create:timesheets")
		second := w.tokens(w.asking(first.RefreshToken, "scope", "read:timesheets"))
		again := w.tokens(w.asking(first.RefreshToken, "scope", "read:timesheets"))
		if again.RefreshToken != second.RefreshToken || again.Scope != "read:timesheets" {
			t.Errorf("scope %q", again.Scope)
		}
	})
}

// A confidential client stays strict, whatever the grace.
func TestNoGraceForAConfidentialClient(t *testing.T) {
	w := withinGrace(t)
	w.exec(`UPDATE clients SET secret_hash = '` + ledger.Hash("a secret of its own") + `', auth_methods = '["client_secret_post"]' WHERE id = 'timesheets-mobile'`)
	w.store.Forget()
	secret := []string{"client_secret", "a secret of its own"}
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"timesheets-mobile"}, "code": {w.grant("ada@example.com", "offline_access read:timesheets")},
		"redirect_uri": {redirect}, "code_verifier": {verifier}, secret[0]: {secret[1]}}
	first := w.tokens(w.post(pathToken, form))
	second := w.tokens(w.asking(first.RefreshToken, secret...))
	w.invalidGrant("the retry", w.asking(first.RefreshToken, secret...))
	w.invalidGrant("its successor", w.asking(second.RefreshToken, secret...))
}

// Without a grace nothing is kept, and a retry is a replay.
func TestStrictWithoutAGrace(t *testing.T) {
	w := newWorld(t)
	first := w.granted("offline_access read:timesheets")
	second := w.tokens(w.refresh(first.RefreshToken))
	if n := w.count("successors"); n != 0 {
		t.Errorf("%d successors are kept", n)
	}
	w.invalidGrant("the retry", w.refresh(first.RefreshToken))
	w.invalidGrant("its successor", w.refresh(second.RefreshToken))
}

// Three at once with the same token are one rotation, and each has its
// successor; that is as many as are answered.
func TestThreeRefreshesWithinTheGrace(t *testing.T) {
	w := withinGrace(t)
	first := w.granted("offline_access read:timesheets")
	w.disk.gate.Store(newGate(2)) // at least two have read before the first has written
	answers := make(chan *httptest.ResponseRecorder, 3)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { answers <- w.refresh(first.RefreshToken) })
	}
	all.Wait()
	close(answers)
	successor := ""
	for rec := range answers {
		got := w.tokens(rec)
		if successor == "" {
			successor = got.RefreshToken
		}
		if got.RefreshToken != successor {
			t.Fatal("two successors")
		}
		if !w.stands(got.AccessToken) {
			t.Error("an access token that opens nothing")
		}
	}
	if n := w.count("refresh_tokens"); n != 2 {
		t.Errorf("%d refresh tokens are stored, want 2", n)
	}
	w.tokens(w.refresh(successor))
}

// RFC 9700 4.14.2: each answer is an access token for somebody, so one used
// token gets a few and then ends its family, however fast they are asked for.
func TestARetryIsAnsweredTwiceAtMost(t *testing.T) {
	w := withinGrace(t)
	for name, ask := range map[string]func(token string) []*httptest.ResponseRecorder{
		"one by one": func(token string) (answers []*httptest.ResponseRecorder) {
			for range 40 {
				answers = append(answers, w.refresh(token))
			}
			return answers
		},
		"at once": func(token string) []*httptest.ResponseRecorder {
			answers := make([]*httptest.ResponseRecorder, 40)
			w.disk.gate.Store(newGate(4))
			var all sync.WaitGroup
			for i := range answers {
				all.Go(func() { answers[i] = w.refresh(token) })
			}
			all.Wait()
			return answers
		},
	} {
		t.Run(name, func(t *testing.T) {
			var given []tokenResponse
			for _, rec := range ask(w.granted("offline_access read:timesheets").RefreshToken) {
				if rec.Code == http.StatusOK {
					given = append(given, w.tokens(rec))
				} else {
					w.invalidGrant("one too many", rec)
				}
			}
			if len(given) > 3 {
				t.Fatalf("%d answers for one token, want at most 3", len(given))
			}
			for _, g := range given {
				if w.stands(g.AccessToken) {
					t.Error("an access token outlived the replay")
				}
				w.invalidGrant("the successor", w.refresh(g.RefreshToken))
			}
		})
	}
}

// RFC 9700 4.14.2: a thief who refreshes a moment before or after the owner, at
// every rotation, is found out by the second.
func TestAThiefInLockstep(t *testing.T) {
	w := withinGrace(t)
	stolen := w.granted("offline_access read:timesheets")
	thief := w.tokens(w.refresh(stolen.RefreshToken))
	w.clock.pass(time.Second / 2)
	owner := w.tokens(w.refresh(stolen.RefreshToken))
	if owner.RefreshToken != thief.RefreshToken {
		t.Fatal("two successors")
	}
	w.clock.pass(14 * time.Minute)
	if err := w.Purge(t.Context()); err != nil { // what was repeated is remembered all the same
		t.Fatal(err)
	}
	thief = w.tokens(w.refresh(thief.RefreshToken))
	w.clock.pass(time.Second / 2)
	w.invalidGrant("the owner", w.refresh(owner.RefreshToken))
	if w.stands(thief.AccessToken) {
		t.Error("the thief's access token lives on")
	}
	w.invalidGrant("the thief", w.refresh(thief.RefreshToken))
}

// An app that loses an answer now and then goes on for ever.
func TestALostAnswerNowAndThen(t *testing.T) {
	w := withinGrace(t)
	got := w.granted("offline_access read:timesheets")
	for range 4 {
		lost := w.tokens(w.refresh(got.RefreshToken))
		w.clock.pass(2 * time.Second)
		retried := w.tokens(w.refresh(got.RefreshToken))
		if retried.RefreshToken != lost.RefreshToken {
			t.Fatal("two successors")
		}
		w.clock.pass(14 * time.Minute)
		got = w.tokens(w.refresh(retried.RefreshToken)) // this one arrives
		w.clock.pass(14 * time.Minute)
	}
}

// A retry of the old token and the use of its successor at once: both are
// answered, or the retry has come second and was a replay. There is never a
// token of the family that lives beside another one.
func TestRetryAgainstTheSuccessorsUse(t *testing.T) {
	w := withinGrace(t)
	for range 10 {
		first := w.granted("offline_access read:timesheets")
		second := w.tokens(w.refresh(first.RefreshToken))
		w.disk.gate.Store(newGate(2))
		var retry, use *httptest.ResponseRecorder
		var both sync.WaitGroup
		both.Go(func() { retry = w.refresh(first.RefreshToken) })
		both.Go(func() { use = w.refresh(second.RefreshToken) })
		both.Wait()
		if use.Code == http.StatusOK && retry.Code == http.StatusOK {
			if got := w.tokens(retry); got.RefreshToken != second.RefreshToken || w.stands(got.AccessToken) {
				t.Fatal("the retry's access token outlived the successor's use")
			}
			w.tokens(w.refresh(w.tokens(use).RefreshToken))
			continue
		}
		w.invalidGrant("the retry", retry)
		if use.Code == http.StatusOK {
			w.invalidGrant("what the successor gave", w.refresh(w.tokens(use).RefreshToken))
		}
	}
}

// Nothing in the file, not even together with the used token's hash, is the
// successor; and the row goes.
func TestASuccessorIsKeptSealedAndBriefly(t *testing.T) {
	w := withinGrace(t)
	first := w.granted("offline_access read:timesheets")
	second := w.tokens(w.refresh(first.RefreshToken))
	if w.count("successors") != 1 {
		t.Fatal("no successor is kept")
	}
	file, err := os.ReadFile(w.disk.Path + "-wal") // where all of this still is
	if err != nil || !bytes.Contains(file, []byte(ledger.Hash(first.RefreshToken))) {
		t.Fatalf("the file does not even have the hash: %v", err)
	}
	for _, token := range []string{first.RefreshToken, second.RefreshToken, second.AccessToken} {
		if bytes.Contains(file, []byte(strings.TrimPrefix(token, oauth.RefreshPrefix))) {
			t.Error("a token is in the file")
		}
	}
	third := w.tokens(w.refresh(second.RefreshToken))
	var n int
	if err := w.disk.Read().QueryRow(`SELECT count(*) FROM successors WHERE hash = ?`, ledger.Hash(first.RefreshToken)).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows for a token whose successor was used, %v", n, err)
	}
	w.clock.pass(longGrace + time.Second)
	if err := w.Purge(t.Context()); err != nil || w.count("successors") != 0 {
		t.Errorf("%d rows after the grace, %v", w.count("successors"), err)
	}
	w.tokens(w.refresh(third.RefreshToken))
}

// What ends a family ends its grace.
func TestNoRetryOfARevokedFamily(t *testing.T) {
	w := withinGrace(t)
	first := w.granted("offline_access read:timesheets")
	second := w.tokens(w.refresh(first.RefreshToken))
	w.post(pathRevoke, url.Values{"client_id": {"timesheets-mobile"}, "token": {second.RefreshToken}})
	w.invalidGrant("the retry", w.refresh(first.RefreshToken))
}
