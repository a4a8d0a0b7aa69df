package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
)

// signedInAs is a request of a browser in which somebody is signed in.
func (w *world) signedInAs(email string) *http.Request {
	w.t.Helper()
	person, err := w.people.Authenticate(w.t.Context(), email, "timesheets", "192.0.2.1")
	if err != nil {
		w.t.Fatal(err)
	}
	secret, _, err := w.people.StartSession(w.t.Context(), person, "test", "")
	if err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest("GET", issuer+"/inspector", nil)
	r.AddCookie(&http.Cookie{Name: w.cookieName(sessionCookie), Value: secret})
	return r
}

func TestViewer(t *testing.T) {
	w := newWorld(t)
	is := func(r *http.Request, want Viewer) {
		t.Helper()
		if got, err := w.Viewer(r); got != want || err != nil {
			t.Errorf("%+v %v, want %+v", got, err, want)
		}
	}
	nobody := httptest.NewRequest("GET", issuer+"/inspector", nil)
	is(nobody, Viewer{})
	nobody.AddCookie(&http.Cookie{Name: w.cookieName(sessionCookie), Value: "made up"})
	is(nobody, Viewer{})
	ada := w.signedInAs("ada@example.com")
	is(ada, Viewer{Name: "Ada Lovelace"})
	is(w.signedInAs("grace@example.com"), Viewer{Name: "Grace Hopper", Manager: true})

	// By the role alone, and by reports alone.
	other := *w.document
	other.People = slices.Clone(other.People)
	for i, p := range other.People {
		other.People[i].ReportsTo = map[string]string{"usr_alan": "usr_ada"}[p.ID]
	}
	w.open(&other, true)
	is(w.signedInAs("ada@example.com"), Viewer{Name: "Ada Lovelace", Manager: true})
	is(w.signedInAs("grace@example.com"), Viewer{Name: "Grace Hopper", Manager: true})
	is(w.signedInAs("alan@example.com"), Viewer{Name: "Alan Turing"})

	if err := w.people.EndSessions(t.Context(), "usr_ada"); err != nil {
		t.Fatal(err)
	}
	is(ada, Viewer{})
}

func TestSignInLeadsToOurOwnPagesOnly(t *testing.T) {
	w := newWorld(t)
	for asked, leads := range map[string]string{
		"": "/", "/": "/", "/inspector": "/inspector",
		"//evil.example": "/", "//evil.example/inspector": "/", "https://evil.example/inspector": "/", `/\evil.example`: "/",
		"/inspector/": "/", "/inspector/../x": "/", "/inspector?x=1": "/", "/inspector#x": "/", "/INSPECTOR": "/", "inspector": "/",
		"/%2Fevil.example": "/", "/inspector\r\nSet-Cookie: x=1": "/", "javascript:alert(1)": "/", " /inspector": "/", "/oidc/logout": "/",
	} {
		page := httptest.NewRecorder()
		w.mux.ServeHTTP(page, httptest.NewRequest("GET", issuer+"/login?"+url.Values{"return": {asked}}.Encode(), nil))
		if has := strings.Contains(page.Body.String(), `name="return"`); has != (leads == asked) {
			t.Errorf("%q: the form carries it on: %v", asked, has)
		}
		if leads != asked && asked != "" && strings.Contains(page.Body.String(), "evil.example") {
			t.Errorf("%q is on the page", asked)
		}
		again := w.post(pathLogin, url.Values{"email": {"ada@example.com"}, "password": {"wrong"}, "return": {asked}})
		if has := strings.Contains(again.Body.String(), `name="return"`); again.Code != 422 || has != (leads == asked) {
			t.Errorf("%q after a wrong password: %d, the form carries it on: %v", asked, again.Code, has)
		}
		w.exec(`DELETE FROM login_attempts`)
		done := w.post(pathLogin, url.Values{"email": {"ada@example.com"}, "password": {"timesheets"}, "return": {asked}})
		if done.Code != http.StatusSeeOther || done.Header().Get("Location") != leads {
			t.Errorf("%q leads by %d to %q, want %q", asked, done.Code, done.Header().Get("Location"), leads)
		}
	}
	page := httptest.NewRecorder()
	w.mux.ServeHTTP(page, httptest.NewRequest("GET", issuer+"/login?return=/inspector", nil))
	if !strings.Contains(page.Body.String(), "return=%2Finspector") {
		t.Error("picking a person loses the way back")
	}
}

func TestTheStripLinksToTheRun(t *testing.T) {
	w := newWorld(t)
	ask := func() (page, id string) {
		t.Helper()
		browser := oauth.RandomToken("")
		q, err := w.parseAuthorization(t.Context(), url.Values{
			"client_id": {"timesheets-mobile"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
		})
		if err != nil {
			t.Fatal(err)
		}
		f, err := w.parkFlow(t.Context(), "authorization", q, ledger.Hash(browser))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{pathLogin, pathConsent} {
			r := w.signedInAs("ada@example.com")
			r.URL.Path, r.URL.RawQuery = path, "flow="+f.Handle
			r.AddCookie(&http.Cookie{Name: w.browserCookieName(browser), Value: browser})
			rec := httptest.NewRecorder()
			w.mux.ServeHTTP(rec, r)
			if rec.Code != 200 {
				t.Fatalf("%s: %d", path, rec.Code)
			}
			page += rec.Body.String()
		}
		return page, f.ID
	}
	if page, _ := ask(); strings.Contains(page, "Watch it live") || strings.Contains(page, "/inspector") {
		t.Error("a link to what is not served")
	}
	w.Server.inspector = "/inspector"
	page, id := ask()
	if n := strings.Count(page, `href="/inspector/flow/`+id[:12]+`"`); n != 2 || strings.Count(page, "Watch it live") != 2 {
		t.Errorf("%d links on login and consent, want one on each", n)
	}
	w.quiet = true
	if page, _ := ask(); strings.Contains(page, "Watch it live") {
		t.Error("--quiet-pages shows the strip")
	}
}
