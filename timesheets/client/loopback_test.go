package client

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// What reaches the port while a sign-in is under way, and what it gets.
func TestLoopback(t *testing.T) {
	b, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if !strings.HasPrefix(b.redirectURI(), "http://127.0.0.1:") || !strings.HasSuffix(b.redirectURI(), "/callback") {
		t.Errorf("redirect URI %s, want one of 127.0.0.1 (RFC 8252 7.3)", b.redirectURI())
	}
	ask := func(method, path, host string) (int, string, http.Header) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // one that is not answered must not hang
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(b.redirectURI(), callbackPath)+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return 0, "", nil
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body), answer.Header
	}
	for _, row := range []struct {
		method, path, host string
		status             int
	}{
		{"GET", "/", "", 404}, {"GET", "/favicon.ico", "", 404}, {"GET", "/callback/?code=c&state=s", "", 404},
		{"GET", "/callback", "", 400}, {"POST", "/callback?code=c&state=s", "", 405}, {"HEAD", "/callback?code=c&state=s", "", 405},
		{"GET", "/callback?code=c&state=s", "rebound.example", 421},
	} {
		if status, body, _ := ask(row.method, row.path, row.host); status != row.status || strings.Contains(body, "Already") {
			t.Errorf("%s %s as %q: %d, want %d", row.method, row.path, row.host, status, row.status)
		}
	}
	select {
	case <-b.answers:
		t.Fatal("one of them was taken for the answer")
	default:
	}

	// Twenty at once: one is the answer, and has its page when the outcome is known.
	var pages sync.Map
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			status, body, header := ask("GET", "/callback?code=c&state=s", "")
			pages.Store(i, [2]any{status, body})
			if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || header.Get("Referrer-Policy") != "no-referrer" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers of the page: %v", header)
			}
		})
	}
	came := <-b.answers
	if came.query.Get("code") != "c" {
		t.Errorf("came: %v", came.query)
	}
	came.outcome <- outcome{true, "Signed in", `<b>Ada</b>`}
	all.Wait()
	select {
	case <-b.answers:
		t.Error("a second answer was taken")
	default:
	}
	signedIn, already := 0, 0
	pages.Range(func(_, page any) bool {
		status, body := page.([2]any)[0], page.([2]any)[1].(string)
		switch {
		case status == 200 && strings.Contains(body, "Signed in") && strings.Contains(body, "&lt;b&gt;Ada"):
			signedIn++
		case status == 400 && strings.Contains(body, "Already answered"):
			already++
		}
		return true
	})
	if signedIn != 1 || already != 19 {
		t.Errorf("%d pages say signed in and %d already, want 1 and 19", signedIn, already)
	}
}
