package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// window is a browser in which somebody has signed in.
type window struct {
	w   *world
	jar map[string]string
}

// window signs a person in to a browser that calls itself agent.
func (w *world) window(email, agent string) *window {
	w.t.Helper()
	person, err := w.people.Authenticate(w.t.Context(), email, "timesheets", "192.0.2.1")
	if err != nil {
		w.t.Fatal(err)
	}
	secret, _, err := w.people.StartSession(w.t.Context(), person, agent, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return &window{w: w, jar: map[string]string{w.cookieName(sessionCookie): secret}}
}

func (b *window) send(r *http.Request) *httptest.ResponseRecorder {
	for name, value := range b.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	b.w.mux.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if b.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.jar, c.Name)
		}
	}
	return rec
}

func (b *window) page() string {
	b.w.t.Helper()
	rec := b.send(httptest.NewRequest(http.MethodGet, issuer+pathAccount, nil))
	if rec.Code != http.StatusOK {
		b.w.t.Fatalf("the page: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	return rec.Body.String()
}

func (b *window) gone() bool {
	rec := b.send(httptest.NewRequest(http.MethodGet, issuer+pathAccount, nil))
	return rec.Code == http.StatusSeeOther && rec.Header().Get("Location") == pathLogin+"?return="+pathAccount
}

var drawnFor = regexp.MustCompile(`name="for" value="([^"]+)"`)

// press sends one form of the page.
func (b *window) press(do string, pairs ...string) *httptest.ResponseRecorder {
	b.w.t.Helper()
	form := url.Values{"for": {drawnFor.FindStringSubmatch(b.page())[1]}, "do": {do}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.post(form)
}

func (b *window) post(form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuer+pathAccount, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return b.send(r)
}

func (w *world) did(what string, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), pathAccount) {
		w.t.Fatalf("%s: %d to %q\n%.400s", what, rec.Code, rec.Header().Get("Location"), rec.Body)
	}
}

// OWASP ASVS 10.4.9: what is taken back is dead at the next call, and comes
// again by no refresh; the rest stays.
func TestOneScopeIsTakenBack(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	got := w.granted("openid offline_access read:timesheets create:timesheets")
	narrow := w.tokens(w.asking(w.granted("offline_access read:timesheets create:timesheets").RefreshToken, "scope", "read:timesheets"))
	other := w.tokens(w.exchange(w.grant("alan@example.com", "offline_access read:timesheets create:timesheets")))
	w.did("take back", b.press("take-back", "client", "timesheets-mobile", "scope", "create:timesheets"))
	if page := b.page(); !strings.Contains(page, "can no longer do this: Add timesheets for you") || strings.Contains(page, `name="scope" value="create:timesheets"`) {
		t.Error("the page does not say what was done, or still offers it")
	}
	if strings.Contains(b.page(), "can no longer do this") {
		t.Error("it says it twice")
	}
	if w.stands(got.AccessToken) {
		t.Error("the access token that carries the scope opens the API")
	}
	if !w.stands(narrow.AccessToken) || !w.stands(other.AccessToken) {
		t.Error("a token without the scope, or another person's, is dead")
	}
	for range 2 {
		got = w.tokens(w.asking(got.RefreshToken, "scope", "openid offline_access read:timesheets create:timesheets"))
		if got.Scope != "openid offline_access read:timesheets" || !w.stands(got.AccessToken) {
			t.Errorf("refreshed to %q", got.Scope)
		}
	}
	if got := w.tokens(w.refresh(narrow.RefreshToken)); got.Scope != "offline_access read:timesheets" {
		t.Errorf("the other grant of the app refreshed to %q", got.Scope)
	}
	if got := w.tokens(w.refresh(other.RefreshToken)); got.Scope != "offline_access read:timesheets create:timesheets" {
		t.Errorf("the other person's grant refreshed to %q", got.Scope)
	}
	if rec := w.asking(got.RefreshToken, "scope", "create:timesheets"); rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "invalid_scope") {
		t.Errorf("asking for it alone: %d %s", rec.Code, rec.Body)
	}
	// A decision of a later day is a new one.
	if again := w.granted("openid offline_access create:timesheets"); again.Scope != "openid offline_access create:timesheets" {
		t.Errorf("allowed anew: %q", again.Scope)
	}
}

// Identity stays while there is any, and a grant that has nothing left ends.
func TestTheLastScope(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	identified := w.granted("openid offline_access read:timesheets")
	bare := w.granted("offline_access read:timesheets")
	w.did("take back", b.press("take-back", "client", "timesheets-mobile", "scope", "read:timesheets"))
	if got := w.tokens(w.refresh(identified.RefreshToken)); got.Scope != "openid offline_access" {
		t.Errorf("left over: %q", got.Scope)
	}
	w.invalidGrant("a grant of nothing", w.refresh(bare.RefreshToken))
	for _, scope := range []string{"openid", "profile", "email", "nonsense", ""} {
		if rec := b.press("take-back", "client", "timesheets-mobile", "scope", scope); rec.Code != http.StatusBadRequest {
			t.Errorf("%q: %d", scope, rec.Code)
		}
	}
	w.did("stay signed in", b.press("take-back", "client", "timesheets-mobile", "scope", "offline_access"))
	if page := b.page(); !strings.Contains(page, "stay signed in any more") || !strings.Contains(page, "No app can do anything") {
		t.Error("an app that may not stay signed in is still listed, or the page does not say so")
	}
}

// A code on its way loses the scope as well.
func TestTakenBackBetweenCodeAndToken(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	narrowed, gone := w.grant("ada@example.com", "openid offline_access read:timesheets create:timesheets"), w.grant("ada@example.com", "read:timesheets")
	w.did("take back", b.press("take-back", "client", "timesheets-mobile", "scope", "read:timesheets"))
	if got := w.tokens(w.exchange(narrowed)); got.Scope != "openid offline_access create:timesheets" {
		t.Errorf("scope %q", got.Scope)
	}
	w.invalidGrant("a code of nothing", w.exchange(gone))
	code := w.grant("ada@example.com", "read:timesheets")
	w.did("disconnect", b.press("disconnect", "client", "timesheets-mobile"))
	w.invalidGrant("a code of an app that was disconnected", w.exchange(code))
}

// A refresh that has read the grant before the scope was taken back, and writes
// after it, does not bring it back: it begins anew.
func TestTakingBackAgainstARefresh(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	drawn := drawnFor.FindStringSubmatch(b.page())[1]
	for range 10 {
		got := w.granted("openid offline_access read:timesheets create:timesheets")
		w.disk.gate.Store(newGate(2)) // both have read, and now both write
		var rec *httptest.ResponseRecorder
		var both sync.WaitGroup
		both.Go(func() { rec = w.refresh(got.RefreshToken) })
		both.Go(func() {
			w.did("take back", b.post(url.Values{"for": {drawn}, "do": {"take-back"}, "client": {"timesheets-mobile"}, "scope": {"create:timesheets"}}))
		})
		both.Wait()
		w.disk.gate.Store(nil)
		next := w.tokens(rec)
		if carries := strings.Contains(next.Scope, "create:timesheets"); carries == w.stands(next.AccessToken) {
			t.Fatalf("scope %q, and the token stands: %v", next.Scope, !carries)
		}
		if last := w.tokens(w.refresh(next.RefreshToken)); last.Scope != "openid offline_access read:timesheets" {
			t.Fatalf("the scope came back: %q", last.Scope)
		}
	}
}

// Disconnecting ends every grant of the app, and what would be given without
// asking; nothing of others.
func TestAnAppIsDisconnected(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	got, more := w.granted("offline_access read:timesheets"), w.granted("openid read:timesheets")
	other := w.tokens(w.exchange(w.grant("alan@example.com", "offline_access read:timesheets")))
	if err := w.people.Remember(t.Context(), "usr_ada", "timesheets-spa", []string{"openid", "read:timesheets"}, w.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	page := b.page()
	for _, want := range []string{"Timesheets Mobile", "Your single-page app", "Not signed in at present", "See your timesheets", "Stay signed in"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	w.did("disconnect", b.press("disconnect", "client", "timesheets-mobile"))
	w.did("forget", b.press("disconnect", "client", "timesheets-spa"))
	if w.stands(got.AccessToken) || w.stands(more.AccessToken) || !w.stands(other.AccessToken) {
		t.Error("a token of the app lives, or another person's died")
	}
	w.invalidGrant("the refresh token", w.refresh(got.RefreshToken))
	if _, ok, _ := w.people.Remembered(t.Context(), "usr_ada", "timesheets-spa"); ok {
		t.Error("the app need not ask")
	}
	if page := b.page(); !strings.Contains(page, "No app can do anything") {
		t.Error("something is still listed")
	}
}

// RFC 9700 2.3: what is remembered loses the scope too, so that no silent
// sign-in brings it back.
func TestRememberedWithoutTheScope(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	if err := w.people.Remember(t.Context(), "usr_ada", "timesheets-spa", []string{"openid", "read:timesheets", "create:timesheets"}, w.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.did("take back", b.press("take-back", "client", "timesheets-spa", "scope", "create:timesheets"))
	left, ok, err := w.people.Remembered(t.Context(), "usr_ada", "timesheets-spa")
	if err != nil || !ok || !slices.Equal(left, []string{"openid", "read:timesheets"}) {
		t.Errorf("remembered: %v %v %v", left, ok, err)
	}
}

// When an app was last used is known at once, costs no write, and is in the
// file a minute later.
func TestLastUsed(t *testing.T) {
	w := newWorld(t)
	b := w.window("ada@example.com", "")
	got := w.granted("offline_access read:timesheets")
	w.clock.pass(10 * time.Minute)
	if page := b.page(); !strings.Contains(page, ">10 minutes ago<") {
		t.Error("issued ten minutes ago")
	}
	w.stands(got.AccessToken)
	w.clock.pass(2 * time.Minute)
	if page := b.page(); !strings.Contains(page, "Used <time") || !strings.Contains(page, ">2 minutes ago<") {
		t.Error("used two minutes ago")
	}
	if err := w.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.open(w.document, true) // a restart
	b.w = w
	if page := b.page(); !strings.Contains(page, ">2 minutes ago<") {
		t.Error("a restart has forgotten it")
	}
}

func TestBrowserName(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                                    "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.51":                  "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                              "Safari on a Mac",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0":                                                               "Firefox on a Mac",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36":                              "Chrome on Android",
		"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1":              "Chrome on an iPad",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                                     "Chrome on ChromeOS",
		"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"curl/8.10.1":         "curl",
		"":                    "A browser that does not say what it is",
		"Some thing on Linux": "A browser on Linux",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 119 * time.Second: "1 minute ago",
		59 * time.Minute: "59 minutes ago", time.Hour: "1 hour ago", 47 * time.Hour: "1 day ago", 90 * 24 * time.Hour: "90 days ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
