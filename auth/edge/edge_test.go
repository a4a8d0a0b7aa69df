package edge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func handler(t *testing.T, issuer string, log *slog.Logger, next http.HandlerFunc) http.Handler {
	t.Helper()
	u, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	return Handler(Config{Issuer: u, Port: "8484", Log: log}, next)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func ask(h http.Handler, method, target string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, target, nil))
	return rec
}

// A page on another site must not reach this server by a name of its own that
// resolves to 127.0.0.1.
func TestHosts(t *testing.T) {
	h := handler(t, "https://id.example", quiet(), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") })
	for target, want := range map[string]int{
		"https://id.example/login":           200,
		"https://ID.example/login":           200,
		"http://localhost:8484/oauth/token":  200,
		"http://[::1]:8484/api/me":           200,
		"http://127.0.0.1:8484/login?a=b":    302,
		"http://localhost/login":             421, // another port
		"http://localhost:8485/login":        421,
		"http://evil.test:8484/login":        421,
		"http://id.example.evil.test/login":  421,
		"http://127.0.0.1.nip.io:8484/login": 421,
	} {
		if rec := ask(h, "GET", target); rec.Code != want {
			t.Errorf("%s: %d, want %d", target, rec.Code, want)
		}
	}
	if to := ask(h, "GET", "http://127.0.0.1:8484/login?a=b").Header().Get("Location"); to != "https://id.example/login?a=b" {
		t.Errorf("sent to %s", to)
	}
	if got := ask(h, "GET", "https://id.example/").Header().Get("Strict-Transport-Security"); got == "" {
		t.Error("no Strict-Transport-Security over https")
	}
}

// RFC 3986 3.2.2 and 6.2.3: the issuer's host is compared as browsers write it,
// or a page would be sent on to itself for ever.
func TestHostsInOtherSpellings(t *testing.T) {
	serve := func(issuer, port string) http.Handler {
		u, err := url.Parse(issuer)
		if err != nil {
			t.Fatal(err)
		}
		return Handler(Config{Issuer: u, Port: port, Host: "127.0.0.2", Log: quiet()}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") }))
	}
	for _, row := range []struct {
		issuer, port, host string
		want               int
		to                 string
	}{
		{"http://localhost:80", "80", "localhost", 200, ""},
		{"http://localhost:80", "80", "localhost:80", 200, ""},
		{"http://localhost", "80", "LOCALHOST", 200, ""},
		{"http://localhost:80/", "80", "127.0.0.1", 302, "http://localhost/login"},
		{"http://localhost:80", "80", "[::1]", 302, "http://localhost/login"},
		{"http://LOCALHOST:8484", "8484", "localhost:8484", 200, ""},
		{"http://localhost:8484", "8484", "localhost.:8484", 302, "http://localhost:8484/login"},
		{"http://[0:0:0:0:0:0:0:1]:8484", "8484", "[::1]:8484", 200, ""},
		{"https://id.example:443", "8484", "id.example", 200, ""},
		{"https://ID.example", "8484", "id.example:443", 200, ""},
		{"https://id.example", "8484", "id.example:80", 421, ""},
		{"https://bücher.example", "8484", "xn--bcher-kva.example", 200, ""},
		{"https://bücher.example", "8484", "localhost:8484", 302, "https://xn--bcher-kva.example/login"},
		{"https://id.example", "8484", "127.0.0.2:8484", 302, "https://id.example/login"},
		{"https://id.example", "8484", "127.0.0.3:8484", 421, ""},
		{"http://localhost:8484", "8484", "", 421, ""},
	} {
		h := serve(row.issuer, row.port)
		for _, method := range []string{"GET", "HEAD"} {
			r := httptest.NewRequest(method, "http://x/login", nil)
			r.Host = row.host
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != row.want || rec.Header().Get("Location") != row.to {
				t.Errorf("%s, %s Host %q: %d to %q, want %d to %q", row.issuer, method, row.host, rec.Code, rec.Header().Get("Location"), row.want, row.to)
			}
		}
	}
}

// A health check of HTTP/1.0 has no Host.
func TestProbeWithoutHost(t *testing.T) {
	h := handler(t, "http://localhost:8484", quiet(), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") })
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/": 421, "/api/me": 421, "/.well-known/openid-configuration": 421} {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = ""
		rec := httptest.NewRecorder()
		if h.ServeHTTP(rec, r); rec.Code != want {
			t.Errorf("%s: %d, want %d", path, rec.Code, want)
		}
	}
	if rec := ask(h, "GET", "http://evil.test:8484/livez"); rec.Code != 421 {
		t.Errorf("a foreign host: %d", rec.Code)
	}
}

func provesPanicAndLog(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(WithRequestID(slog.NewTextHandler(&out, nil)))
	h := handler(t, "http://localhost:8484", log, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/boom" {
			panic("it broke")
		}
		log.InfoContext(r.Context(), "inside")
	})
	rec := ask(h, "GET", "http://localhost:8484/boom?code=secret")
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "it broke") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	rec = ask(h, "GET", "http://localhost:8484/fine?code=secret")
	id := rec.Header().Get("X-Request-Id")
	if n := strings.Count(out.String(), "request="+id); id == "" || n != 2 {
		t.Errorf("request id %q is on %d records, want the handler's and the request's:\n%s", id, n, out.String())
	}
	if strings.Contains(out.String(), "secret") {
		t.Error("the query was logged")
	}
}

func provesListen(t *testing.T) {
	ls, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ls[0].Addr().String())
	for _, l := range ls {
		defer l.Close()
		if _, p, _ := net.SplitHostPort(l.Addr().String()); p != port || !Loopback(l) {
			t.Errorf("listens on %s", l.Addr())
		}
	}
	if _, err := Listen(":" + port); err == nil || !strings.Contains(err.Error(), port) || !strings.Contains(err.Error(), "--addr") {
		t.Errorf("a taken port: %v", err)
	}
	if _, err := Listen("8484"); err == nil {
		t.Error("an address without a colon was taken")
	}
}

type bound struct {
	net.Listener
	addr string
}

func (b bound) Addr() net.Addr  { return b }
func (b bound) Network() string { return "tcp" }
func (b bound) String() string  { return b.addr }

// What is announced is an address that works.
func TestReached(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:80": "localhost:80", "0.0.0.0:8484": "localhost:8484", "[::]:8484": "localhost:8484",
		"127.0.0.2:8484": "127.0.0.2:8484", "[::1]:8484": "[::1]:8484", "[::1%lo]:8484": "[::1]:8484", "192.0.2.1:8484": "192.0.2.1:8484",
	} {
		if got := Reached(bound{addr: addr}); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

// The line that a program waits for comes first, and nothing is lost.
func TestHeld(t *testing.T) {
	var out bytes.Buffer
	held := Hold(&out)
	fmt.Fprintln(held, "while it starts")
	if out.Len() > 0 {
		t.Errorf("%q came before it", &out)
	}
	held.Release("ready\n")
	fmt.Fprintln(held, "later")
	held.Release("")
	if got := out.String(); got != "ready\nwhile it starts\nlater\n" {
		t.Errorf("%q", got)
	}
}

// A connection on which nothing was ever sent does not hold up the stop; one
// in the middle of a request does, and gets its answer.
func TestStop(t *testing.T) {
	ls, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ls[0].Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	body := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	go func() { done <- Serve(ctx, ls, body, quiet(), func() {}) }()
	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	busy, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	fmt.Fprint(busy, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab")
	time.Sleep(50 * time.Millisecond) // until the server has read it
	stop()
	time.Sleep(patience)
	fmt.Fprint(busy, "cd")
	answer, err := io.ReadAll(busy)
	if err != nil || !strings.Contains(string(answer), "200 OK") {
		t.Errorf("the request in flight got %q, %v", answer, err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(4 * time.Second):
		t.Error("a silent connection held up the stop")
	}
}
