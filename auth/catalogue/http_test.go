package catalogue

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// semantics is what HTTP itself promises a client, whatever it asks for.
var semantics = map[string]func(*testing.T){
	"HT-14": func(t *testing.T) {
		const form, jsonBody = "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: application/json\r\n"
		for name, request := range map[string]struct {
			line, header string
			want         int
		}{
			"401, expired token":     {"POST /api/timesheets/upload", jsonBody + "Authorization: Bearer expired\r\n", 401},
			"401, no token":          {"POST /api/timesheets", jsonBody, 401},
			"401, registration":      {"PUT /oidc/register/none", jsonBody, 401},
			"404":                    {"POST /api/none", jsonBody, 404},
			"404, elsewhere":         {"POST /none", jsonBody, 404},
			"405":                    {"PATCH /oauth/token", form, 405},
			"413, token":             {"POST /oauth/token", form, 413},
			"413, device":            {"POST /oauth/device/code", form, 413},
			"413, pushed":            {"POST /oauth/par", form, 413},
			"413, registration":      {"POST /oidc/register", jsonBody, 413},
			"413, login":             {"POST /login", form, 413},
			"413, authorize":         {"POST /authorize", form, 413},
			"415, token":             {"POST /oauth/token", jsonBody, 415},
			"421, of another server": {"POST /oauth/token", form, 421},
		} {
			for framing, body := range map[string]string{
				"length":  fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 1<<20+100, strings.Repeat("a", 1<<20+100)),
				"chunked": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 1<<20+100, strings.Repeat("a", 1<<20+100)),
			} {
				t.Run(name+", "+framing, func(t *testing.T) {
					t.Parallel()
					to := host()
					if request.want == 421 {
						to = "other.example"
					}
					if got := sendFirst(t, request.line+" HTTP/1.1\r\nHost: "+to+"\r\n"+request.header+body); got.StatusCode != request.want {
						t.Errorf("%d, want %d", got.StatusCode, request.want)
					}
				})
			}
		}
	},
	"HT-15": func(t *testing.T) {
		a, c := newAgent(t), native()
		// What browsers send for a page that they load in advance: the Fetch
		// standard's header, and those that were sent before there was one.
		glance := func(what, target string) {
			t.Helper()
			if at := a.do(http.MethodHead, target, ""); at.StatusCode != 200 || at.Header.Get("Location") != "" || len(at.Header["Set-Cookie"]) > 0 {
				t.Errorf("HEAD %s: %d to %q, cookies %v", what, at.StatusCode, at.Header.Get("Location"), at.Header["Set-Cookie"])
			}
			for _, sent := range [][2]string{{"Sec-Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"}, {"Sec-Purpose", "prefetch; anonymous-client-ip"}, {"Purpose", "prefetch"}, {"X-Moz", "prefetch"}, {"X-Purpose", "preview"}} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					// A browser drops what it loaded in advance with such a status,
					// and loads the page when the person goes there.
					at := a.do(method, target, "", sent[0], sent[1], "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
					if at.StatusCode != http.StatusServiceUnavailable || at.Header.Get("Cache-Control") != "no-store" || len(at.Header["Set-Cookie"]) > 0 {
						t.Errorf("%s %s, %s: %d %q, cookies %v", method, what, sent, at.StatusCode, at.Header.Get("Cache-Control"), at.Header["Set-Cookie"])
					}
				}
			}
		}
		glance("an authorization request", c.authorize())
		pushed := a.pushed(c)
		glance("a pushed request", pushed)
		page := a.signIn(a.follow(a.get(pushed)), ada)
		glance("the consent page", page.Request.URL.String())
		f := page.form(t)
		f.values.Set("decision", "allow")
		decided := a.post(f.action, f.values)
		glance("a flow that ends with a code", absolute(decided.Header.Get("Location")))
		got := a.tokens(a.token(c.exchangeForm(a.arrives(c, a.follow(decided)).Get("code"))))
		for _, target := range []string{logoutURL("id_token_hint", got.ID), "/v2/logout?client_id=timesheets-spa&returnTo=http%3A%2F%2Flocalhost%3A5173", "/logout"} {
			if glance(target, target); !a.signedIn() {
				t.Fatalf("%s ended the session", target)
			}
		}
		if at := a.do(http.MethodHead, "/try", ""); len(at.Header["Set-Cookie"]) > 0 {
			t.Errorf("HEAD /try began a trip: %v", at.Header["Set-Cookie"])
		}
		// What a page has loaded is what programs call, and no step of anybody's.
		if at := a.get(discovery, "Sec-Purpose", "prefetch;prerender"); at.StatusCode != 200 {
			t.Errorf("metadata for a prerendered app: %d", at.StatusCode)
		}
	},
	"HT-16": func(t *testing.T) {
		a := newAgent(t)
		for allow, paths := range map[string][]string{
			"GET, HEAD":               {"/", "/docs", "/docs/rules", "/docs/rules.json", "/app/", "/app/callback", "/livez", "/readyz", "/inspector", "/inspector/events", discovery, rfc8414, keySet, "/v2/logout", "/api/openapi.json", "/try", "/callback"},
			"GET, HEAD, POST":         {"/authorize", "/login", "/consent", "/select-account", "/device", "/account", "/logout", "/oidc/logout", "/userinfo"},
			"POST":                    {"/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/par", "/oauth/device/code", "/oidc/register"},
			"DELETE, GET, HEAD, PUT":  {"/oidc/register/none"},
			"DELETE, GET, HEAD, POST": {"/inspector/faults"},
			"DELETE, GET, HEAD":       {"/inspector/faults/none"},
		} {
			for _, path := range paths {
				for _, method := range []string{"PUT", "DELETE", "POST", "PATCH", "PROPFIND"} {
					if strings.Contains(allow, method) {
						continue
					}
					at := a.do(method, path, "", "Accept", "text/html,*/*;q=0.8")
					if got := at.Header.Get("Allow"); at.StatusCode != 405 || got != allow {
						t.Errorf("%s %s: %d, Allow %q, want 405 and %q", method, path, at.StatusCode, got, allow)
						continue
					}
					shaped(t, method+" "+path, at)
				}
			}
		}
		for _, method := range []string{"DELETE", "OPTIONS"} {
			if at := a.do(method, resource, ""); at.StatusCode != 405 || !strings.Contains(at.Header.Get("Allow"), "GET") {
				t.Errorf("%s %s: %d, Allow %q", method, resource, at.StatusCode, at.Header.Get("Allow"))
			}
		}
		if at := a.do("POST", "/none", ""); at.StatusCode != 404 {
			t.Errorf("POST /none: %d", at.StatusCode)
		}
	},
	"HT-17": func(t *testing.T) {
		a, token, _ := people(t)
		for _, path := range []string{"/", "/docs", "/docs/rules", "/app/", "/inspector", "/authorize", "/login", "/device", "/account", "/oidc/logout", "/v2/logout", "/callback", "/userinfo", discovery, "/api/timesheets", "/api/approvals", "/api/me", "/api/openapi.json", "/api/none"} {
			for _, query := range []string{"status=pending%zz", "%", "a=%2", "status=pending;limit=1", "x=1&project=%G1&status=approved"} {
				at := a.get(path+"?"+query, "Accept", "text/html,*/*;q=0.8", "Authorization", "Bearer "+token)
				if at.StatusCode != 400 {
					t.Errorf("%s?%s: %d, want 400", path, query, at.StatusCode)
					continue
				}
				shaped(t, path, at)
			}
		}
		for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/par", "/oauth/device/code", "/oidc/register"} {
			refused(t, path, a.post(path+"?%zz", nil), 400, "invalid_request")
		}
		// A form is no better: what is dropped of it must not be done without.
		for _, body := range []string{"refresh=%zz&access=15m", "access=15m;refresh=1h"} {
			if at := a.do("POST", "/inspector/lifetimes", body, "Content-Type", "application/x-www-form-urlencoded"); at.StatusCode != 400 {
				t.Errorf("a form with %s: %d", body, at.StatusCode)
			}
		}
		// An app in a browser can read why.
		if at := a.get("/api/timesheets?status=%zz", "Origin", "http://localhost:5173"); at.Header.Get("Access-Control-Allow-Origin") != "http://localhost:5173" {
			t.Errorf("Allow-Origin %q", at.Header.Get("Access-Control-Allow-Origin"))
		}
		if at := a.api("GET", "/timesheets?project=100%25+%C3%A4;", token, ""); at.StatusCode != 400 {
			t.Errorf("a bare semicolon: %d", at.StatusCode)
		}
		if at := a.api("GET", "/timesheets?project=100%25+%C3%A4%3B", token, ""); at.StatusCode != 200 {
			t.Errorf("a query that is well-formed: %d", at.StatusCode)
		}
	},
	"HT-18": func(t *testing.T) {
		a, token, _ := people(t)
		for _, path := range []string{"/api/timesheets", "/api/timesheets/upload", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/par", "/oauth/device/code", "/oidc/register", "/userinfo", "/authorize", "/login", "/consent", "/oidc/logout", "/inspector/faults", "/inspector/lifetimes"} {
			kind := "application/x-www-form-urlencoded"
			if strings.HasPrefix(path, "/api") || path == "/oidc/register" || path == "/inspector/faults" {
				kind = "application/json"
			}
			for _, coding := range []string{"gzip", "br", "identity, gzip", "unknown"} {
				at := a.do("POST", path, "\x1f\x8b body", "Content-Type", kind, "Content-Encoding", coding, "Authorization", "Bearer "+token, "Accept", "text/html,*/*;q=0.8")
				// RFC 9110 12.5.3: the answer says what would have been accepted.
				if at.StatusCode != 415 || at.Header.Get("Accept-Encoding") != "identity" {
					t.Errorf("%s %s: %d, Accept-Encoding %q, want 415 and identity", path, coding, at.StatusCode, at.Header.Get("Accept-Encoding"))
					continue
				}
				shaped(t, path, at)
			}
		}
		if at := a.api("POST", "/timesheets", token, entryOn(day(), 1), "Content-Encoding", "identity"); at.StatusCode != 201 {
			t.Errorf("identity: %d %s", at.StatusCode, at.body)
		}
	},
}

// shaped: a refusal comes in the form of whoever asked, here a browser.
func shaped(t *testing.T, what string, at answer) {
	t.Helper()
	kind := "text/html"
	switch path := at.Request.URL.Path; {
	case strings.HasPrefix(path, "/api/"):
		kind = "application/problem+json"
	case strings.HasPrefix(path, "/oauth/"), strings.HasPrefix(path, "/oidc/register"), strings.HasPrefix(path, "/.well-known/"), path == "/userinfo":
		kind = "application/json"
	case path == "/livez", path == "/readyz", path == "/inspector/faults":
		return
	}
	if got := at.Header.Get("Content-Type"); !strings.HasPrefix(got, kind) {
		t.Errorf("%s: %d as %s, want %s", what, at.StatusCode, got, kind)
	}
}

// sendFirst writes the whole request before it reads, through a small send
// buffer, as many HTTP clients do. RFC 9112 9.6: the answer must reach them.
func sendFirst(t *testing.T, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", host())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetWriteBuffer(16 << 10); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(25 * time.Second)) // a closed connection fails the next call
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatalf("while sending: %v", err)
	}
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		_, err = io.ReadAll(got.Body)
	}
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return got
}
