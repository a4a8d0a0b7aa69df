package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Browser keeps cookies, records the conversation, and follows no redirect by
// itself. The conversation is printed when its test fails.
type Browser struct {
	T      testing.TB
	HTTP   *http.Client
	Issuer string // of its server, byte for byte
	said   strings.Builder
}

// New opens a browser for a server that it knows only by its issuer.
func New(t testing.TB, issuer string) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{T: t, Issuer: issuer, HTTP: &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the conversation:\n%s", &b.said)
		}
	})
	return b
}

// Base returns the issuer without a trailing slash, to which paths are added.
func (b *Browser) Base() string { return strings.TrimSuffix(b.Issuer, "/") }

// Answer is a response whose body was read.
type Answer struct {
	*http.Response
	Text string
}

// JSON returns the body as an object.
func (a Answer) JSON(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.Text), &m); err != nil {
		t.Fatalf("%s is no JSON: %v\n%s", a.Request.URL.Path, err, a.Text)
	}
	return m
}

// Do sends a form, or a request without a body if form is nil. Headers are
// pairs. A target that begins with a slash is on the server.
func (b *Browser) Do(method, target string, body url.Values, header ...string) Answer {
	b.T.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.Base() + target
	}
	var payload io.Reader
	if body != nil {
		payload = strings.NewReader(body.Encode())
	}
	r, err := http.NewRequest(method, target, payload)
	if err != nil {
		b.T.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return b.Send(r)
}

// Send sends any request, and reads the whole response.
func (b *Browser) Send(r *http.Request) Answer {
	b.T.Helper()
	resp, err := b.HTTP.Do(r)
	if err != nil {
		b.T.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	fmt.Fprintf(&b.said, "%s %s\n  %d %s\n", r.Method, r.URL, resp.StatusCode, resp.Header.Get("Location"))
	if resp.StatusCode >= 400 {
		fmt.Fprintf(&b.said, "  %.300s\n", text)
	}
	return Answer{resp, string(text)}
}

// SendJSON sends a JSON body, with a bearer token unless it is "".
func (b *Browser) SendJSON(method, target, token, body string) Answer {
	b.T.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return b.Send(r)
}

// Get requests a page.
func (b *Browser) Get(target string, header ...string) Answer {
	b.T.Helper()
	return b.Do(http.MethodGet, target, nil, header...)
}

// Follow follows redirects until a page is shown or the browser would leave
// the server.
func (b *Browser) Follow(a Answer) Answer {
	b.T.Helper()
	for range 10 {
		location := a.Header.Get("Location")
		if a.StatusCode < 300 || a.StatusCode > 399 || location == "" {
			return a
		}
		to, err := a.Request.URL.Parse(location)
		if err != nil {
			b.T.Fatal(err)
		}
		if to.Host != a.Request.URL.Host {
			return a
		}
		a = b.Get(to.String())
	}
	b.T.Fatal("redirects without end")
	return a
}
