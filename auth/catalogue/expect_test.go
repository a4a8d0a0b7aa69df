package catalogue

import (
	_ "embed"
	"net/http"
	"strings"
	"testing"
)

// cases.tsv, a case a line: id, priority, clause, where it is proven, what is
// sent.
//
//go:embed cases.tsv
var list string

// here is every case of this package.
func here() map[string]func(*testing.T) {
	out := map[string]func(*testing.T){}
	for _, section := range []map[string]func(*testing.T){
		authorization, tokenEndpoint, refreshTokens, tokenStatus, metadata, logout, hostileTokens, resourceServer, login, consent, edge, semantics, registration, pushedRequests, possession, deviceGrants,
	} {
		for id, prove := range section {
			out[id] = prove
		}
	}
	return out
}

// TestCatalogue runs the cases that are proven over HTTP.
func TestCatalogue(t *testing.T) {
	cases := here()
	for line := range strings.Lines(list) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 5 {
			t.Fatalf("cases.tsv: %q has %d fields, want 5", line, len(fields))
		}
		id, where := fields[0], fields[3]
		prove := cases[id]
		if (prove != nil) != strings.HasPrefix(where, "here") {
			t.Errorf("%s: cases.tsv says that it is proven %q, and this package proves it: %v", id, where, prove != nil)
		}
		if prove != nil {
			t.Run(id, prove)
			delete(cases, id)
		}
	}
	for id := range cases {
		t.Errorf("%s is not in cases.tsv", id)
	}
}

// page400 is the answer where a redirect would be unsafe: a page, and no way
// to what was sent. RFC 6749 4.1.2.1.
func page400(t *testing.T, what string, a answer) {
	t.Helper()
	page(t, what, a, http.StatusBadRequest)
}

func page(t *testing.T, what string, a answer, status int) {
	t.Helper()
	if a.StatusCode != status || a.Header.Get("Location") != "" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%.100s: %d %s to %q, want a page with %d", what, a.StatusCode, a.Header.Get("Content-Type"), a.Header.Get("Location"), status)
	}
	if strings.Contains(a.body, `href="https://evil`) || strings.Contains(a.body, "<script>") {
		t.Errorf("%.100s: what was sent is live on the page", what)
	}
}

// sentBack is an error at the client's redirect URI, with state and iss.
func (a *agent) sentBack(what string, c *client, at answer, code string) {
	a.t.Helper()
	q := a.arrives(c, at)
	if q.Get("error") != code || q.Has("code") {
		a.t.Errorf("%.100s: error=%q, code issued: %v; want %s", what, q.Get("error"), q.Has("code"), code)
	}
	if text := q.Get("error_description"); strings.ContainsFunc(text, unprintable) {
		a.t.Errorf("%.100s: error_description %q has characters that RFC 6749 4.1.2.1 does not allow", what, text)
	}
}

// unprintable: RFC 6749 4.1.2.1 and 5.2 allow %x20-21 / %x23-5B / %x5D-7E.
func unprintable(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' }

// refused is an OAuth error as RFC 6749 5.2 wants it.
func refused(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if a.StatusCode != status || a.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%.100s: %d %s %q, want %d JSON no-store: %.200s", what, a.StatusCode, a.Header.Get("Content-Type"), a.Header.Get("Cache-Control"), status, a.body)
		return
	}
	m := a.json(t)
	if m["error"] != code {
		t.Errorf("%.100s: error = %v, want %s", what, m["error"], code)
	}
	if text, _ := m["error_description"].(string); strings.ContainsFunc(text, unprintable) {
		t.Errorf("%.100s: error_description %q has characters that RFC 6749 5.2 does not allow", what, text)
	}
	for _, token := range []string{"access_token", "refresh_token", "id_token"} {
		if m[token] != nil {
			t.Errorf("%.100s: the error carries a %s", what, token)
		}
	}
}

// problem is an error of the API: RFC 9457, and with 401 and 403 the challenge
// of RFC 6750 3.
func problem(t *testing.T, what string, a answer, status int, challenge ...string) {
	t.Helper()
	if a.StatusCode != status || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("%.100s: %d %s, want a problem with %d: %.200s", what, a.StatusCode, a.Header.Get("Content-Type"), status, a.body)
		return
	}
	if got := a.json(t)["status"]; got != float64(status) {
		t.Errorf("%.100s: the problem says status %v, want %d", what, got, status)
	}
	for _, piece := range challenge {
		if !strings.Contains(a.Header.Get("WWW-Authenticate"), piece) {
			t.Errorf("%.100s: WWW-Authenticate %q lacks %s", what, a.Header.Get("WWW-Authenticate"), piece)
		}
	}
}

const (
	invalidToken      = `error="invalid_token"`
	insufficientScope = `error="insufficient_scope"`
)
