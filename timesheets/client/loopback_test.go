package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What reaches the port while a sign-in is under way, and what it gets.
func TestLoopback(t *testing.T) {
	flow := &signIn{server: &metadata{Issuer: "https://a.example", NamesItselfInResponse: true}}
	flow.begin(time.Now())
	b, err := listen(flow.receive)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	good := "/callback?code=c&iss=https://a.example&state=" + flow.state
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
		{"GET", "/", "", 404}, {"GET", "/favicon.ico", "", 404}, {"GET", strings.Replace(good, "?", "/?", 1), "", 404},
		{"GET", "/callback", "", 400}, {"POST", good, "", 405}, {"HEAD", good, "", 405},
		{"GET", good, "rebound.example", 400}, {"GET", good, "localhost", 400},
		// RFC 8252 8.9 and RFC 9207 2.4: not the state that was sent, not the server that was asked; errors too.
		{"GET", "/callback?error=x", "", 400}, {"GET", "/callback?error=access_denied&iss=https://a.example", "", 400},
		{"GET", "/callback?error=access_denied&iss=https://a.example&state=s", "", 400}, {"GET", "/callback?code=c&iss=https://a.example&state=s", "", 400},
		{"GET", strings.Replace(good, "a.example", "b.example", 1), "", 400}, {"GET", strings.Replace(good, "iss=", "x=", 1), "", 400},
		{"GET", good + "&state=s", "", 400}, {"GET", good + "&error=x&error=y", "", 400}, {"GET", good + "&x=%zz", "", 400}, {"GET", strings.Replace(good, "code=", "x=", 1), "", 400},
	} {
		status, body, header := ask(row.method, row.path, row.host)
		if status != row.status || strings.Contains(body, "Already") || row.method != "HEAD" && !strings.Contains(body, "<h1") || strings.Contains(body, flow.state) {
			t.Errorf("%s %s as %q: %d, want %d and a page\n%s", row.method, row.path, row.host, status, row.status, body)
		}
		if allow := header.Get("Allow"); (allow == "GET") != (row.status == 405) {
			t.Errorf("%s %s: Allow %q (RFC 9110 15.5.6)", row.method, row.path, allow)
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
			status, body, header := ask("GET", good, "")
			pages.Store(i, [2]any{status, body})
			if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || header.Get("Referrer-Policy") != "no-referrer" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers of the page: %v", header)
			}
		})
	}
	came := <-b.answers
	if came.code != "c" || came.refused != nil {
		t.Errorf("came: %q %v", came.code, came.refused)
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

// A refusal that belongs to the sign-in ends it, as a code does.
func TestLoopbackTakesARefusal(t *testing.T) {
	flow := &signIn{server: &metadata{Issuer: "https://a.example", NamesItselfInResponse: true}}
	flow.begin(time.Now())
	b, err := listen(flow.receive)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	var page sync.WaitGroup
	page.Go(func() {
		answer, err := http.Get(b.redirectURI() + "?error=access_denied&iss=https://a.example&state=" + flow.state)
		if err != nil {
			t.Error(err)
			return
		}
		answer.Body.Close()
	})
	came := <-b.answers
	if _, _, err := flow.finish(t.Context(), came); came.code != "" || err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%q %v", came.code, err)
	}
	came.outcome <- outcome{}
	page.Wait()
}

// Connections that say nothing neither keep the answer out nor pile up.
func TestLoopbackWithSilentConnections(t *testing.T) {
	flow := &signIn{server: &metadata{Issuer: "https://a.example", NamesItselfInResponse: true}}
	flow.begin(time.Now())
	b, err := listen(flow.receive)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	var silent []net.Conn
	for range 3 * maxConnections {
		c, err := net.Dial("tcp", b.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent = append(silent, c)
	}
	go func() { (<-b.answers).outcome <- outcome{good: true, title: "Signed in"} }()
	answer, err := (&http.Client{Timeout: 3 * time.Second}).Get(b.redirectURI() + "?code=c&iss=https://a.example&state=" + flow.state)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("the answer: %d", answer.StatusCode)
	}
	// The oldest was closed, by us and long before its time was over.
	_ = silent[0].SetReadDeadline(time.Now().Add(3 * time.Second))
	if _, err := silent[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the oldest of %d silent connections: %v, want it closed", len(silent), err)
	}
}
