package catalogue

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// edge is HTTP itself, before any OAuth.
var edge = map[string]func(*testing.T){
	"HT-01": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, at := range []answer{a.get("/"), a.get("/login"), a.get("/authorize"), a.asked(c, ada), a.get("/logout"), a.get("/none", "Accept", "text/html")} {
			policy := strings.Split(at.Header.Get("Content-Security-Policy"), "; ")
			for _, directive := range []string{"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
				if !slices.Contains(policy, directive) {
					t.Errorf("%s: the policy lacks %s", at.Request.URL.Path, directive)
				}
			}
			// CONTRACT: "Pages send Referrer-Policy: same-origin, because with
			// no-referrer a browser on a plain-http LAN address sends Origin: null".
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8"} {
				if got := at.Header.Get(name); got != want {
					t.Errorf("%s: %s %q, want %q", at.Request.URL.Path, name, got, want)
				}
			}
			if strings.Contains(at.Header.Get("Content-Security-Policy"), "unsafe") || !strings.Contains(at.Header.Get("Content-Security-Policy"), "form-action 'self'") {
				t.Errorf("%s: %s", at.Request.URL.Path, at.Header.Get("Content-Security-Policy"))
			}
		}
		for _, path := range []string{discovery, keySet, "/api/me", "/userinfo", "/static/none"} {
			if at := a.get(path); at.Header.Get("X-Content-Type-Options") != "nosniff" && at.StatusCode != 401 {
				t.Errorf("%s: no nosniff", path)
			}
		}
	},
	"HT-03": func(t *testing.T) {
		a := newAgent(t)
		open := []string{"/oauth/token", "/oauth/par", "/oauth/revoke", "/userinfo", discovery, rfc8414, keySet, resource, "/api/timesheets", "/api/me"}
		shut := []string{"/authorize", "/oauth/introspect", "/login", "/consent", "/", "/oidc/logout"}
		// Whoever may register has to read how: on a loopback address, every page of this machine.
		before := []string{discovery, rfc8414, resource, register, register + "/reg_1"}
		for _, path := range append(slices.Concat(open, before), shut...) {
			for _, origin := range []string{"http://localhost:3000", "http://localhost:4200", "http://localhost:5173", "http://localhost:3001", "https://localhost:3000", "http://localhost:3000.evil.example", "null", "https://evil.example", ""} {
				at := a.do(http.MethodOptions, path, "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,x-anything")
				want := ""
				if slices.Contains(append(open, before...), path) && slices.Contains([]string{"http://localhost:3000", "http://localhost:4200", "http://localhost:5173"}, origin) {
					want = origin
				}
				if slices.Contains(before, path) && (origin == "http://localhost:3001" || origin == "https://localhost:3000") {
					want = origin
				}
				if got := at.Header.Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s from %q: Allow-Origin %q, want %q", path, origin, got, want)
				}
				if want != "" && (!slices.Contains(at.Header.Values("Vary"), "Origin") || at.Header.Get("Access-Control-Allow-Headers") != "authorization,x-anything") {
					t.Errorf("%s: Vary %v, Allow-Headers %q", path, at.Header.Values("Vary"), at.Header.Get("Access-Control-Allow-Headers"))
				}
			}
		}
	},
	"HT-04": func(t *testing.T) {
		t.Parallel()
		// A thousand connections, each in the middle of its header.
		slow := make([]net.Conn, 0, 1000)
		for range cap(slow) {
			conn, err := net.Dial("tcp", host())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: "+host()+"\r\n"); err != nil {
				t.Fatal(err)
			}
			slow = append(slow, conn)
		}
		a := newAgent(t)
		for range 20 { // the others are served meanwhile
			if at := a.get("/livez"); at.StatusCode != 200 {
				t.Fatalf("/livez: %d", at.StatusCode)
			}
		}
		for i, conn := range slow {
			_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // a closed connection fails the read
			if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("connection %d is still held", i)
			}
		}
		// A body that never comes.
		conn, err := net.Dial("tcp", host())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "POST /oauth/token HTTP/1.1\r\nHost: "+host()+"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant") // if it fails, so does the read
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("a connection whose body never comes is held")
		}
	},
	"HT-05": func(t *testing.T) {
		for name, header := range map[string]string{
			"one of 2 MiB": "X-Big: " + strings.Repeat("x", 2<<20) + "\r\n", "10 000 of them": strings.Repeat("X-Many: "+strings.Repeat("y", 200)+"\r\n", 10_000), "a cookie of 1 MiB": "Cookie: x=" + strings.Repeat("c", 1<<20+8<<10) + "\r\n",
		} {
			got := raw(t, "GET /livez HTTP/1.1\r\nHost: "+host()+"\r\n"+header+"Connection: close\r\n\r\n")
			if got != "" && !strings.HasPrefix(got, "HTTP/1.1 431") {
				t.Errorf("%s: %.60s, want 431 or a closed connection", name, got)
			}
		}
	},
	"HT-06": func(t *testing.T) {
		head := "POST /oauth/token HTTP/1.1\r\nHost: " + host() + "\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		// RFC 9112 6.1 and 6.3: lengths that contradict one another, and
		// framing that another reader would see otherwise, end the connection.
		for name, rest := range map[string]string{
			"two lengths":           "Content-Length: 3\r\nContent-Length: 4\r\n\r\na=bc",
			"bad length":            "Content-Length: +3\r\n\r\na=b",
			"unknown encoding":      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
			"bare LF in a chunk":    "Transfer-Encoding: chunked\r\n\r\n3\na=b\r\n0\r\n\r\n",
			"space before colon":    "Content-Length : 3\r\n\r\na=b",
			"folded header":         "X-Folded: a\r\n b\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
			"length beside chunked": "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/smuggled HTTP/1.1\r\nHost: " + host() + "\r\n\r\n",
		} {
			got := raw(t, head+rest)
			if got != "" && !strings.HasPrefix(got, "HTTP/1.1 4") && !strings.HasPrefix(got, "HTTP/1.1 501") || name != "length beside chunked" && strings.Count(got, "HTTP/1.1 ") > 1 {
				t.Errorf("%s: %.200s", name, got)
			}
		}
	},
	"HT-07": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, path := range []string{"//authorize", "/./authorize", "/authorize/", "/AUTHORIZE", "/oauth/token/", "/OAUTH/token", "/oauth//token", "/admin/..;/oauth/token", "/oauth/./token", "/x/../oauth/token"} {
			request := "POST " + path + " HTTP/1.1\r\nHost: " + host() + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 29\r\nConnection: close\r\n\r\ngrant_type=client_credentials"
			got := raw(t, request)
			status, _, _ := strings.Cut(strings.TrimPrefix(got, "HTTP/1.1 "), " ")
			if status != "404" {
				t.Errorf("%s: %.100s, want 404: 307 and 308 would send the body on", path, got)
			}
		}
		// An encoded letter is the same path (RFC 3986 2.3), and the same rules.
		if at := a.do("POST", "/oauth/%74oken", ""); at.StatusCode != 415 && at.StatusCode != 404 {
			t.Errorf("/oauth/%%74oken: %d", at.StatusCode)
		}
		page400(t, "an encoded path", a.get(strings.Replace(c.authorize("redirect_uri", "https://evil.example/"), "/authorize", "/%61uthorize", 1)))
	},
	"HT-08": func(t *testing.T) {
		a := newAgent(t)
		for _, method := range []string{"TRACE", "FOO", "PROPFIND"} {
			for _, path := range []string{"/authorize", "/oauth/token", "/api/me", discovery} {
				if at := a.do(method, path, ""); at.StatusCode != 405 {
					t.Errorf("%s %s: %d", method, path, at.StatusCode)
				}
			}
		}
	},
	"HT-09": func(t *testing.T) {
		for _, name := range []string{"evil.test", "evil.test:80", "localhost.evil.test", "127.0.0.1.nip.io", "", "169.254.169.254", "localhost@evil.test"} {
			got := raw(t, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", discovery, name))
			if !strings.HasPrefix(got, "HTTP/1.1 421") && !strings.HasPrefix(got, "HTTP/1.1 400") {
				t.Errorf("Host %q: %.60s, want 421", name, got)
			}
		}
	},
	"HT-11": func(t *testing.T) {
		a := newAgent(t)
		for _, path := range []string{"/debug/pprof/", "/debug/vars", "/debug/pprof/heap", "/.git/config", "/.env", "/punchcard.db", "/static/../main.go"} {
			if at := a.get(path); at.StatusCode != 404 {
				t.Errorf("%s: %d, want 404", path, at.StatusCode)
			}
		}
		for _, path := range []string{"/livez", "/readyz"} {
			if at := a.get(path); at.StatusCode != 200 || len(at.body) > 10 {
				t.Errorf("%s: %d %q", path, at.StatusCode, at.body)
			}
		}
		if at := a.get("/static/"); at.StatusCode == 200 {
			t.Error("a directory listing")
		}
	},
}
