package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// ask begins a flow in a browser with these cookies, and returns its handle and
// the cookie that the answer sets.
func (w *world) ask(cookies ...*http.Cookie) (handle string, set *http.Cookie) {
	w.t.Helper()
	rec := visit{w, nil, cookies}.get("/authorize?" + authorization().Encode())
	to, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || to.Path != pathLogin || len(rec.Result().Cookies()) != 1 {
		w.t.Fatalf("%d to %q with %d cookies", rec.Code, rec.Header().Get("Location"), len(rec.Result().Cookies()))
	}
	return to.Query().Get("flow"), rec.Result().Cookies()[0]
}

// RFC 6749 10.12: a flow belongs to the browser that began it. Tabs that begin
// at once in a browser without cookies are one browser, whatever order their
// answers come in, and none of them takes another one's flow away.
func TestTabsThatBeginAtOnce(t *testing.T) {
	w := newWorld(t)
	jar := map[string]*http.Cookie{}
	var handles []string
	var cookies []*http.Cookie
	for range 4 {
		handle, set := w.ask() // sent before any answer was there
		handles, jar[set.Name] = append(handles, handle), set
		cookies = append(cookies, set)
	}
	if len(jar) != len(handles) {
		t.Fatalf("%d cookies for %d answers: one has overwritten another", len(jar), len(handles))
	}
	for i, handle := range handles {
		if rec := (visit{w, nil, cookies}).get("/login?flow=" + handle); rec.Code != http.StatusOK {
			t.Errorf("tab %d: %d, want the login page", i+1, rec.Code)
		}
		if rec := (visit{w, nil, w.visit("ada@example.com").cookies}).get("/login?flow=" + handle); rec.Code != http.StatusForbidden {
			t.Errorf("tab %d in another browser: %d, want 403", i+1, rec.Code)
		}
	}
	// The next one is known by a name that is there already.
	if _, set := w.ask(cookies...); jar[set.Name] == nil || set.Value != jar[set.Name].Value || set.MaxAge < int(flowLifetime/time.Second) {
		t.Errorf("a new name %s beside %d, for %d seconds", set.Name, len(jar), set.MaxAge)
	}
	// A cookie under a name that is not its own names nobody.
	if rec := (visit{w, nil, []*http.Cookie{{Name: w.cookieName(browserCookie) + "_abcdef", Value: cookies[0].Value}}}).get("/login?flow=" + handles[0]); rec.Code != http.StatusForbidden {
		t.Errorf("a cookie under another name: %d, want 403", rec.Code)
	}
}

// All ports of localhost get these cookies, so there are never many for long.
func TestABrowserHasFewNames(t *testing.T) {
	w := newWorld(t)
	var cookies []*http.Cookie
	for range browserNames + 3 {
		_, set := w.ask()
		cookies = append(cookies, set)
	}
	rec := visit{w, nil, cookies}.get("/authorize?" + authorization().Encode())
	gone, bytes := 0, 0
	for i, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			gone++
			if c.Name != cookies[i].Name {
				t.Errorf("%s is taken away, want the oldest first", c.Name)
			}
		}
	}
	for _, c := range cookies[gone:] {
		bytes += len(c.Name) + len(c.Value) + len("=; ")
	}
	if gone != 3 || bytes > 2048 {
		t.Errorf("%d are taken away, and the rest takes %d bytes", gone, bytes)
	}
}

// A browser that sends no cookies is told so, and not sent round in a circle.
func TestABrowserWithoutCookies(t *testing.T) {
	w := newWorld(t)
	handle, _ := w.ask()
	says := func(rec *httptest.ResponseRecorder) bool {
		return rec.Code == http.StatusForbidden && strings.Contains(rec.Body.String(), "sends no cookies") && rec.Header().Get("Set-Cookie") == ""
	}
	if rec := (visit{w, nil, nil}).get("/login?flow=" + handle); !says(rec) {
		t.Errorf("in the middle of a sign-in: %d", rec.Code)
	}
	rec := visit{w, nil, nil}.get("/login?return=/account")
	form := url.Values{"email": {"ada@example.com"}, "password": {"timesheets"}, "return": {"/account"}, "cookie": {"set"}}
	if !strings.Contains(rec.Body.String(), `name="cookie" value="set"`) || len(rec.Result().Cookies()) != 1 {
		t.Fatal("the page sets no cookie to see whether it comes back")
	}
	if rec := w.post(pathLogin, form); !says(rec) {
		t.Errorf("the form without the cookie: %d", rec.Code)
	}
	if rec := w.post(pathLogin, form, rec.Result().Cookies()...); rec.Code != http.StatusSeeOther {
		t.Errorf("the form with it: %d", rec.Code)
	}
}
