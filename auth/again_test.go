package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
)

// asks parks a request of this visitor, allowed or not, and returns where it is
// answered.
func (v visit) asks(client string, decide decision) (dispatcher string) {
	v.t.Helper()
	q, err := v.parseAuthorization(v.t.Context(), url.Values{
		"client_id": {client}, "redirect_uri": {map[string]string{"timesheets-mobile": redirect, "timesheets-spa": "http://localhost:5173/callback"}[client]}, "response_type": {"code"},
		"scope": {"openid read:timesheets"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	})
	if err != nil {
		v.t.Fatal(err)
	}
	f, err := v.parkFlow(v.t.Context(), "authorization", q, ledger.Hash(v.cookies[0].Value))
	if err == nil && decide != undecided {
		err = v.decideFlow(v.t.Context(), f, decide, v.who.ID, q.Scopes)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return pathAuthorize + "?flow=" + f.Handle
}

func codeIn(rec *httptest.ResponseRecorder) string {
	u, err := url.Parse(rec.Header().Get("Location"))
	if err != nil {
		return ""
	}
	return u.Query().Get("code")
}

// RFC 6749 10.5 and 4.1.2: the answer that a second click wants is given again
// for a minute, to the session that has it, with one code that can be used.
func TestAnAnswerIsGivenAgain(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	open := v.asks("timesheets-mobile", allowed)
	first := codeIn(v.get(open))
	w.clock.pass(50 * time.Second)
	second := codeIn(v.get(open))
	if first == "" || second == "" || first == second {
		t.Fatalf("codes %q and %q, want one each", first, second)
	}
	w.invalidGrant("the code that was lost", w.exchange(first))
	if got := w.tokens(w.exchange(second)); !w.alive(got.AccessToken) {
		t.Error("trying the lost code has ended what came of the other one")
	}
	if rec := v.get(open); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "is complete") || codeIn(rec) != "" {
		t.Errorf("after the code was used: %d %s", rec.Code, rec.Header().Get("Location"))
	}
	for name, late := range map[string]time.Duration{"too late": 61 * time.Second, "the clock was put back": -time.Second} {
		open := v.asks("timesheets-mobile", allowed)
		v.get(open)
		w.clock.pass(late)
		if rec := v.get(open); rec.Code != http.StatusConflict || codeIn(rec) != "" {
			t.Errorf("%s: %d %s, want 409", name, rec.Code, rec.Header().Get("Location"))
		}
	}
	refused := v.asks("timesheets-mobile", denied)
	for range 2 {
		if to := v.get(refused).Header().Get("Location"); !strings.Contains(to, "error=access_denied") {
			t.Errorf("a refusal led to %q", to)
		}
	}
}

// Whoever else comes with the address gets nothing of it.
func TestAnAnswerIsNobodyElses(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	open := v.asks("timesheets-mobile", allowed)
	kept := codeIn(v.get(open))
	again := w.visit("ada@example.com") // in the same browser, in another session
	again.cookies[0] = v.cookies[0]
	alan := w.visit("alan@example.com")
	alan.cookies[0] = v.cookies[0]
	nobody := visit{w, nil, v.cookies[:1]}
	for name, who := range map[string]visit{"another session": again, "another person": alan, "nobody": nobody} {
		if rec := who.get(open); rec.Code != http.StatusConflict {
			t.Errorf("%s: %d, want 409", name, rec.Code)
		}
	}
	if rec := w.visit("ada@example.com").get(open); rec.Code != http.StatusForbidden {
		t.Errorf("another browser: %d, want 403", rec.Code)
	}
	w.tokens(w.exchange(kept))
}

// What the person takes back between two clicks comes of neither.
func TestAnAnswerThatWasTakenBack(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	open := v.asks("timesheets-mobile", allowed)
	v.get(open)
	if err := w.store.RevokeApp(t.Context(), v.who.ID, "timesheets-mobile"); err != nil {
		t.Fatal(err)
	}
	if rec := v.get(open); rec.Code != http.StatusConflict || codeIn(rec) != "" {
		t.Errorf("%d %s, want 409", rec.Code, rec.Header().Get("Location"))
	}
}

// Many clicks, and the app with the first code among them, at one moment: one
// code is used, and the app keeps what it got for that.
func TestClicksAgainstTheApp(t *testing.T) {
	w := newWorld(t)
	for range *rounds {
		v := w.visit("ada@example.com")
		open := v.asks("timesheets-mobile", allowed)
		codes := []string{codeIn(v.get(open))}
		w.disk.gate.Store(newGate(4))
		var mu sync.Mutex
		var won []tokenResponse
		redeem := func(code string) {
			if rec := w.exchange(code); rec.Code == http.StatusOK {
				mu.Lock()
				defer mu.Unlock()
				won = append(won, w.tokens(rec))
			}
		}
		var group sync.WaitGroup
		group.Go(func() { redeem(codes[0]) })
		for range 3 {
			group.Go(func() {
				if code := codeIn(v.get(open)); code != "" {
					mu.Lock()
					codes = append(codes, code)
					mu.Unlock()
				}
			})
		}
		group.Wait()
		w.disk.gate.Store(nil)
		for _, code := range codes[1:] {
			redeem(code)
		}
		if len(won) != 1 {
			t.Fatalf("%d of %d codes were used, want one", len(won), len(codes))
		}
		if !w.alive(won[0].AccessToken) {
			t.Fatal("the tokens of the one that was used are dead")
		}
	}
}

// A click that came earlier and is served later leaves the code of the later
// one alone: it is that which the browser waits for.
func TestAnEarlierClickTakesNothing(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	open := v.asks("timesheets-mobile", allowed)
	var q authorizationRequest
	earlier, err := w.loadFlow(t.Context(), "authorization", strings.TrimPrefix(open, pathAuthorize+"?flow="), &q)
	if err != nil {
		t.Fatal(err)
	}
	earlier.Request = q
	w.clock.pass(time.Second)
	code := codeIn(v.get(open))
	r := httptest.NewRequest(http.MethodGet, issuer+open, nil)
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	if err := w.advance(rec, r, earlier); err == nil || codeIn(rec) != "" {
		t.Errorf("the earlier one: %d %s, %v", rec.Code, rec.Header().Get("Location"), err)
	}
	w.tokens(w.exchange(code))
}

// Two clicks on "Sign in", where consent is remembered: the cookie of the first
// answer is lost with it. Somebody else's password leads nowhere.
func TestTwoClicksOnSignIn(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	if err := w.people.Remember(t.Context(), v.who.ID, "timesheets-spa", []string{"openid", "read:timesheets"}, w.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	open := v.asks("timesheets-spa", undecided)
	handle := strings.TrimPrefix(open, pathAuthorize+"?flow=")
	click := func(email string) (visit, *httptest.ResponseRecorder) {
		rec := w.post(pathLogin, url.Values{"flow": {handle}, "email": {email}, "password": {"timesheets"}}, v.cookies[0])
		return visit{w, nil, append(rec.Result().Cookies(), v.cookies[0])}, rec
	}
	first, _ := click("ada@example.com")
	lost := codeIn(first.get(open))
	second, _ := click("ada@example.com")
	code := codeIn(second.get(open))
	if lost == "" || code == "" || lost == code {
		t.Fatalf("codes %q and %q, want one each", lost, code)
	}
	spa := func(code string) *httptest.ResponseRecorder {
		return w.post(pathToken, url.Values{"grant_type": {"authorization_code"}, "client_id": {"timesheets-spa"}, "code": {code}, "redirect_uri": {"http://localhost:5173/callback"}, "code_verifier": {verifier}})
	}
	w.invalidGrant("the code that was lost", spa(lost))
	w.tokens(spa(code))
	if _, rec := click("alan@example.com"); rec.Code != http.StatusConflict || strings.Contains(rec.Header().Get("Set-Cookie"), w.cookieName(sessionCookie)+"=") {
		t.Errorf("Alan, on what Ada has finished: %d, want 409 and no session", rec.Code)
	}
}
