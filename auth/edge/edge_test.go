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
