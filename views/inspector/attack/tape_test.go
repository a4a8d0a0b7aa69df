package attack_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// tape is a way to a server that remembers what went along it.
type tape struct {
	mu        sync.Mutex
	exchanges []exchange
}

type exchange struct {
	agent, method, path, site string
	scope                     string // asked for, at the authorization endpoint
	cookies                   bool
	status                    int
	request                   string // X-Request-Id
	token                     string // a refresh token that was given out
}

func (tp *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	e := exchange{
		agent: r.UserAgent(), method: r.Method, path: r.URL.Path, site: r.Header.Get("Sec-Fetch-Site"),
		scope: r.URL.Query().Get("scope"), cookies: len(r.Cookies()) > 0, status: resp.StatusCode, request: resp.Header.Get("X-Request-Id"),
	}
	if _, rest, ok := strings.Cut(string(body), `"refresh_token":"`); ok {
		e.token, _, _ = strings.Cut(rest, `"`)
	}
	tp.mu.Lock()
	defer tp.mu.Unlock()
	tp.exchanges = append(tp.exchanges, e)
	return resp, err
}

func (tp *tape) count(is func(exchange) bool) (n int) {
	for _, e := range tp.exchanges {
		if is(e) {
			n++
		}
	}
	return n
}

// decisive is the request by which each attack is judged. path may be the
// beginning of one.
var decisive = map[string]struct{ method, path string }{
	"code-twice":          {"POST", "/oauth/token"},
	"wrong-verifier":      {"POST", "/oauth/token"},
	"no-verifier":         {"POST", "/oauth/token"},
	"swapped-redirect":    {"GET", "/authorize"},
	"other-clients-code":  {"POST", "/oauth/token"},
	"old-refresh":         {"POST", "/oauth/token"},
	"edited-jwt":          {"GET", "/api/approvals"},
	"alg-none":            {"GET", "/api/approvals"},
	"id-token-as-access":  {"GET", "/api/me"},
	"missing-scope":       {"DELETE", "/api/timesheets/"},
	"other-persons-entry": {"GET", "/api/timesheets/"},
	"approve-own":         {"PUT", "/api/approvals/"},
	"forged-consent":      {"POST", "/consent"},
	"stolen-state":        {"GET", "/consent"},
}

func decides(id, agent, method, path string) bool {
	d := decisive[id]
	return agent == "Punchcard attack ("+id+")" && method == d.method && strings.HasPrefix(path, d.path)
}

// leaky is a server without the defence: what the attacker sends to the
// decisive place is answered 200.
type leaky struct{ id string }

func (l leaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if !decides(l.id, r.UserAgent(), r.Method, r.URL.Path) {
		return http.DefaultTransport.RoundTrip(r)
	}
	if l.id == "edited-jwt" && honest(r) { // her token as it was issued is sent to the same place before
		return http.DefaultTransport.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"X-Request-Id": {"let-through"}, "Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{}`)), Request: r,
	}, nil
}

// honest says whether the server itself takes the bearer token.
func honest(r *http.Request) bool {
	me := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: "/api/me"}, Header: http.Header{"Authorization": r.Header["Authorization"]}}
	resp, err := http.DefaultTransport.RoundTrip(me)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// alive says whether a refresh token is still good for its client.
func alive(t *testing.T, issuer, token string) bool {
	t.Helper()
	resp, err := http.PostForm(issuer+"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"timesheets-mobile"}, "refresh_token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// leaving has the caller leave as soon as an entry was filed.
type leaving struct {
	*tape
	leave func()
}

func (l leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.tape.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusCreated {
		l.leave()
	}
	return resp, err
}

// gone is a way that is cut off at a path.
type gone struct{ at string }

func (g gone) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == g.at {
		return nil, errors.New("cut off")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// broken is a server that fails at a path, and says more than it should.
type broken struct{ at string }

func (b broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == b.at {
		return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("a secret?")), Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}
