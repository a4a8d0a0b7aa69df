package auth

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// navigates opens an address as a person does who follows a link.
func (b *window) navigates(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, issuer+path, nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return b.send(r)
}

func (b *window) signedIn() bool {
	return b.send(httptest.NewRequest(http.MethodGet, issuer+pathAccount, nil)).Code == http.StatusOK
}

var flowField = regexp.MustCompile(`name="flow" value="([^"]*)"`)

// RFC 7591 5: whoever registers an app chooses its return address. A sign-out
// leads there only when the person has seen where it is.
func TestUncheckedReturnAddress(t *testing.T) {
	const evil = "https://evil.example/"
	w := newWorld(t)
	id, _ := w.registered(`{"redirect_uris":["https://evil.example/cb"],"client_name":"Nice app","post_logout_redirect_uris":["` + evil + `"],"token_endpoint_auth_method":"none","scope":"openid"}`)
	told := func(what string, rec *httptest.ResponseRecorder) {
		t.Helper()
		page := rec.Body.String()
		if rec.Code != http.StatusOK || !strings.Contains(page, "Nobody here has checked this app") || !strings.Contains(page, evil) || !strings.Contains(page, "Nice app") {
			t.Errorf("%s: %d to %q, want a page that says where it leads:\n%s", what, rec.Code, rec.Header().Get("Location"), page)
		}
	}
	b, nobody := w.window("ada@example.com", ""), &window{w: w, jar: map[string]string{}}

	// Auth0's form. Without client_id the address counts for nobody.
	for _, who := range []*window{b, nobody} {
		if rec := who.navigates(pathLogoutAuth0 + "?returnTo=" + url.QueryEscape(evil)); rec.Code != http.StatusBadRequest {
			t.Errorf("without client_id: %d to %q", rec.Code, rec.Header().Get("Location"))
		}
	}
	named := pathLogoutAuth0 + "?client_id=" + id + "&returnTo=" + url.QueryEscape(evil)
	told("nobody signed in", nobody.navigates(named))
	ask := b.navigates(named)
	told("signed in", ask)
	if !b.signedIn() {
		t.Fatal("a link signed her out")
	}
	answer := func(page string) *httptest.ResponseRecorder {
		t.Helper()
		found := flowField.FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("no question:\n%s", page)
		}
		r := httptest.NewRequest(http.MethodPost, issuer+pathLogoutConfirm, strings.NewReader(url.Values{"flow": {html.UnescapeString(found[1])}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.send(r)
	}
	rec := answer(ask.Body.String())
	if rec.Code != http.StatusSeeOther || b.signedIn() {
		t.Errorf("the question, answered: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	// By a GET, which for a browser's window is a page that leads on.
	if rec := b.send(httptest.NewRequest(http.MethodGet, issuer+rec.Header().Get("Location"), nil)); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != evil {
		t.Errorf("after the answer: %d to %q", rec.Code, rec.Header().Get("Location"))
	}

	// RP-Initiated Logout: the hint of this session signs out at once, and leads nowhere by itself.
	b = w.window("ada@example.com", "")
	session, person, err := w.people.Session(t.Context(), b.jar[w.cookieName(sessionCookie)])
	if err != nil {
		t.Fatal(err)
	}
	hint, err := w.keys.Sign("RS256", "JWT", hinted{Issuer: issuer, Subject: person.ID, Audience: id, SID: session.ID})
	if err != nil {
		t.Fatal(err)
	}
	out := pathLogout + "?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {evil}, "state": {"s1"}}.Encode()
	for _, what := range []string{"by its hint", "again"} {
		rec := b.navigates(out)
		told(what, rec)
		if !strings.Contains(rec.Body.String(), `href="`+evil+`?state=s1"`) {
			t.Errorf("%s: no way on to the app", what)
		}
		if b.signedIn() {
			t.Errorf("%s: still signed in", what)
		}
	}
	b = w.window("ada@example.com", "")
	told("without a hint", b.navigates(pathLogout+"?"+url.Values{"client_id": {id}, "post_logout_redirect_uri": {evil}}.Encode()))

	// A declared app is taken at its word.
	if rec := b.navigates(pathLogoutAuth0 + "?returnTo=" + url.QueryEscape("http://localhost:3000/")); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "http://localhost:3000/" {
		t.Errorf("a declared app: %d", rec.Code)
	}
}
