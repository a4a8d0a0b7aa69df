package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// The password: what ends and what stays, in one commit.
func TestChangeThePassword(t *testing.T) {
	w := newWorld(t)
	here, there := w.window("ada@example.com", ""), w.window("ada@example.com", "")
	stolen := here.jar[w.cookieName(sessionCookie)]
	got := w.granted("offline_access read:timesheets") // by yet another browser
	alan := w.tokens(w.exchange(w.grant("alan@example.com", "offline_access read:timesheets")))
	for what, c := range map[string]struct {
		current, next, again, says string
	}{
		"wrong":     {"guessed", "correct horse", "correct horse", "not your current password"},
		"missing":   {"", "correct horse", "correct horse", "Type your current password"},
		"short":     {"timesheets", "horse", "horse", "too short"},
		"long":      {"timesheets", strings.Repeat("x", 1025), strings.Repeat("x", 1025), "too long"},
		"guessable": {"timesheets", "password1", "password1", "first that somebody would try"},
		"differ":    {"timesheets", "correct horse", "correct house", "differ"},
	} {
		rec := here.press("change-password", "current_password", c.current, "new_password", c.next, "repeat_password", c.again)
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), c.says) || strings.Contains(rec.Body.String(), "correct horse") {
			t.Errorf("%s: %d, does not say %q, or repeats a password", what, rec.Code, c.says)
		}
	}
	if !w.stands(got.AccessToken) {
		t.Fatal("what was refused has ended something")
	}
	w.did("change", here.press("change-password", "current_password", "timesheets", "new_password", "correct horse", "repeat_password", "correct horse"))
	if page := here.page(); !strings.Contains(page, "Your password is changed") {
		t.Error("the page does not say so")
	}
	if !there.gone() || w.stands(got.AccessToken) || !w.stands(alan.AccessToken) {
		t.Error("another browser is signed in, a grant of it lives, or another person's died")
	}
	w.invalidGrant("the refresh token of another session", w.refresh(got.RefreshToken))
	if here.jar[w.cookieName(sessionCookie)] == stolen {
		t.Error("whoever has copied this browser's cookie is still signed in (OWASP ASVS 7.2.4)")
	}
	if _, err := w.people.Authenticate(t.Context(), "ada@example.com", "timesheets", "192.0.2.9"); err == nil {
		t.Error("the old password counts")
	}
	if _, err := w.people.Authenticate(t.Context(), "ada@example.com", "correct horse", "192.0.2.9"); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// A full disk changes nothing by halves.
func TestPasswordOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	here, there := w.window("ada@example.com", ""), w.window("ada@example.com", "")
	got := w.granted("offline_access read:timesheets")
	drawn := drawnFor.FindStringSubmatch(here.page())[1]
	w.disk.full.Store(true)
	rec := here.post(url.Values{"for": {drawn}, "do": {"change-password"}, "current_password": {"timesheets"}, "new_password": {"correct horse"}, "repeat_password": {"correct horse"}})
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("%d, want 503", rec.Code)
	}
	w.disk.full.Store(false)
	if here.gone() || there.gone() || !w.stands(got.AccessToken) {
		t.Error("half of it was done")
	}
}

// OWASP ASVS 6.3.1: the form is no better place to guess than the login.
func TestTheCurrentPasswordIsThrottled(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	for i := range 6 {
		rec := b.press("change-password", "current_password", "guessed", "new_password", "correct horse", "repeat_password", "correct horse")
		if want := map[bool]int{true: http.StatusUnprocessableEntity, false: http.StatusTooManyRequests}[i < 5]; rec.Code != want {
			t.Errorf("try %d: %d, want %d", i+1, rec.Code, want)
		}
		if i == 5 && rec.Header().Get("Retry-After") == "" {
			t.Error("it does not say how long")
		}
	}
	if rec := b.press("change-password", "current_password", "timesheets", "new_password", "correct horse", "repeat_password", "correct horse"); rec.Code != http.StatusTooManyRequests {
		t.Errorf("the right one in between: %d", rec.Code)
	}
}

func TestBrowsersEnd(t *testing.T) {
	w := newWorld(t)
	here := w.window("ada@example.com", "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0")
	there := w.window("ada@example.com", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1")
	alan := w.window("alan@example.com", "")
	page := here.page()
	for _, want := range []string{"Firefox on Linux", "this browser", "Safari on an iPhone"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	ids := regexp.MustCompile(`name="browser" value="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(ids) != 1 {
		t.Fatalf("%d browsers to end, want the other one", len(ids))
	}
	alan.press("end-browser", "browser", ids[0][1])
	if there.gone() {
		t.Fatal("somebody else ended it")
	}
	w.did("end", here.press("end-browser", "browser", ids[0][1]))
	if !there.gone() || here.gone() {
		t.Error("it goes on, or this one ended")
	}
	got := w.granted("offline_access read:timesheets")
	w.did("everywhere", here.press("sign-out-everywhere"))
	if said := here.send(httptest.NewRequest(http.MethodGet, issuer+pathAccount, nil)).Body.String(); !strings.Contains(said, "signed out everywhere") {
		t.Error("the page does not say so")
	}
	if !here.gone() || w.stands(got.AccessToken) || alan.gone() {
		t.Error("something of hers goes on, or Alan is signed out")
	}
	w.invalidGrant("a refresh token", w.refresh(got.RefreshToken))
}

// RFC 6749 10.12: the forms are this person's own, on this page.
func TestAccountFormsAreOnesOwn(t *testing.T) {
	w := newWorld(t)
	ada, alan := w.window("ada@example.com", ""), w.window("alan@example.com", "")
	got := w.tokens(w.exchange(w.grant("alan@example.com", "offline_access read:timesheets")))
	hers := drawnFor.FindStringSubmatch(ada.page())[1]
	form := url.Values{"for": {hers}, "do": {"sign-out-everywhere"}}
	if rec := alan.post(form); rec.Code != http.StatusForbidden {
		t.Errorf("Ada's page, pressed by Alan: %d", rec.Code)
	}
	form.Set("for", drawnFor.FindStringSubmatch(alan.page())[1])
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		if rec := alan.post(form, header...); rec.Code != http.StatusForbidden {
			t.Errorf("%v: %d", header, rec.Code)
		}
	}
	if rec := alan.press("something-else"); rec.Code != http.StatusBadRequest {
		t.Errorf("no such button: %d", rec.Code)
	}
	if alan.gone() || !w.stands(got.AccessToken) {
		t.Error("one of them was done")
	}
	nobody := &window{w: w, jar: map[string]string{}}
	if rec := nobody.post(form); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login?return=/account" {
		t.Errorf("nobody: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
}

// OWASP ASVS 7.4.1: a sign-in to an app that was on its way when the session
// ended, or the remembered consent went, comes to no code.
func TestNoCodeAfterTheEnd(t *testing.T) {
	w := newWorld(t)
	code := func(end func()) *httptest.ResponseRecorder {
		t.Helper()
		b := w.window("ada@example.com", "")
		if err := w.people.Remember(t.Context(), "usr_ada", "timesheets-spa", []string{"read:timesheets"}, w.clock.now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		g := newGate(2) // the code has been prepared, and is about to be written
		w.disk.gate.Store(g)
		var rec *httptest.ResponseRecorder
		var both sync.WaitGroup
		both.Go(func() {
			rec = b.send(httptest.NewRequest(http.MethodGet, issuer+"/authorize?"+url.Values{
				"client_id": {"timesheets-spa"}, "redirect_uri": {"http://localhost:5173/callback"}, "response_type": {"code"}, "scope": {"read:timesheets"},
				"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}.Encode(), nil))
		})
		for g.missing.Load() > 1 {
			runtime.Gosched() // until the commit waits at the gate
		}
		end()
		g.pass()
		both.Wait()
		w.disk.gate.Store(nil)
		return rec
	}
	if rec := code(func() {}); !strings.Contains(rec.Header().Get("Location"), "code=") {
		t.Fatalf("nothing ended: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	if rec := code(func() { _ = w.people.EndSessions(t.Context(), "usr_ada") }); !strings.HasPrefix(rec.Header().Get("Location"), "/login?flow=") {
		t.Errorf("the session ended: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	if rec := code(func() { _ = w.people.Forget(t.Context(), "usr_ada", "timesheets-spa") }); !strings.HasPrefix(rec.Header().Get("Location"), "/consent?flow=") {
		t.Errorf("the consent went: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
}
