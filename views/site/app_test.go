package site

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/static"
)

// appAt asks for a page of a site whose app is that client.
func appAt(client, target string) *httptest.ResponseRecorder {
	return get(Config{Issuer: issuer + "/", App: client, Audience: issuer + "/api"}, target)
}

// The shell says the same at both of its addresses, whatever comes with them:
// the code and the state of an answer are the script's, and are not drawn.
func TestTheAppsShell(t *testing.T) {
	home := appAt("timesheets-app", "/app/").Body.String()
	answer := appAt("timesheets-app", "/app/callback?code=c0de&state=%22%3E%3Cscript%3E&iss=evil")
	if answer.Code != http.StatusOK || answer.Body.String() != home {
		t.Errorf("%d, and the pages differ: %v", answer.Code, answer.Body.String() != home)
	}
	for _, part := range []string{
		`data-issuer="http://localhost:8484/"`, `data-base="http://localhost:8484"`, // the issuer byte for byte
		`data-client="timesheets-app"`, `data-audience="http://localhost:8484/api"`,
		`<script type="module" src="` + static.Path("app/main.js") + `">`, `<noscript>`, "This page needs JavaScript",
		`href="` + static.Path("app/manifest.webmanifest") + `"`,
	} {
		if !strings.Contains(home, part) {
			t.Errorf("no %s", part)
		}
	}
	if strings.Count(home, "<script") != 1 || strings.Contains(home, "<style") || strings.Contains(home, " style=") {
		t.Error("something is inline")
	}
}

// Scripts and calls of our own origin, and of no other; frames and forms as on every page.
func TestTheAppsPolicy(t *testing.T) {
	policy := appAt("timesheets-app", "/app/").Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "manifest-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy+";", part+";") {
			t.Errorf("no %s in %s", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("too much: %s", policy)
	}
}

func TestTheAppsAddresses(t *testing.T) {
	for target, want := range map[string]int{"/app": 303, "/app/": 200, "/app/callback": 200, "/app/other": 404} {
		if got := appAt("timesheets-app", target); got.Code != want || want == 303 && got.Header().Get("Location") != "/app/" {
			t.Errorf("%s: %d %s, want %d", target, got.Code, got.Header().Get("Location"), want)
		}
		if got := appAt("", target); got.Code != 404 {
			t.Errorf("%s without a client: %d, want 404", target, got.Code)
		}
	}
}
