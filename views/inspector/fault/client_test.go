package fault

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhichRequestsAFaultIsFor(t *testing.T) {
	jwt := "Bearer e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"client_id":"c"}`)) + ".c2ln"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("c:s"))
	encoded := "Basic " + base64.StdEncoding.EncodeToString([]byte("%63:s")) // RFC 6749 2.3.1: form-encoded
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		endpoint, method, target, kind, auth, body string
		hit                                        bool
	}{
		{"token", "POST", "/oauth/token", form, "", "client_id=c", true},
		{"token", "POST", "/oauth/token", form, "", "client_id=d", false},
		{"token", "POST", "/oauth/token", form + "; charset=utf-8", "", "client_id=c", true},
		{"token", "POST", "/oauth/token", form, basic, "", true},
		{"token", "POST", "/oauth/token", form, encoded, "", true},
		{"token", "POST", "/oauth/token?client_id=c", form, "", "", false},
		{"token", "POST", "/oauth/token", "application/json", "", "client_id=c", false},
		{"token", "POST", "/oauth/token", form, "", "client_id=c&x=" + strings.Repeat("x", maxForm), false},
		{"token", "OPTIONS", "/oauth/token", form, "", "client_id=c", false},
		{"token", "POST", "/oauth/tokens", form, "", "client_id=c", false},
		{"revoke", "POST", "/oauth/revoke", form, "", "client_id=c", true},
		{"introspect", "POST", "/oauth/introspect", form, basic, "", true},
		{"authorize", "GET", "/authorize?client_id=c", "", "", "", true},
		{"authorize", "GET", "/authorize?flow=x", "", "", "", false},
		{"authorize", "POST", "/authorize", form, "", "client_id=c", true},
		{"api", "GET", "/api/me", "", jwt, "", true},
		{"api", "GET", "/api/me", "", strings.Replace(jwt, "Bearer", "DPoP", 1), "", true},
		{"api", "GET", "/api/me", "", "Bearer x.y.z", "", false},
		{"api", "GET", "/api", "", jwt, "", false},
		{"userinfo", "GET", "/userinfo", "", jwt, "", true},
		{"userinfo", "GET", "/userinfo", "", "", "", false},
	} {
		l := &List{}
		ask(t, l, `{"client":"c","endpoint":"`+c.endpoint+`","fault":"error","status":418}`)
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		if c.auth != "" {
			r.Header.Set("Authorization", c.auth)
		}
		w := httptest.NewRecorder()
		l.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if text, err := io.ReadAll(r.Body); string(text) != c.body || err != nil {
				t.Errorf("%s %s: the body came as %.60q, %v", c.method, c.target, text, err)
			}
		})).ServeHTTP(w, r)
		if hit := w.Code == 418; hit != c.hit {
			t.Errorf("%s %s %q %.40q: hit %v, want %v", c.method, c.target, c.auth, c.body, hit, c.hit)
		}
	}
}

func TestAllBodiesComeThroughWhole(t *testing.T) {
	l := &List{}
	ask(t, l, `{"client":"c","endpoint":"token","fault":"error"}`)
	r := httptest.NewRequest("POST", "/oauth/token", io.MultiReader(strings.NewReader("client_id="), &brokenOff{}))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	l.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if text, err := io.ReadAll(r.Body); string(text) != "client_id=" || err != errBroken {
			t.Errorf("%q %v", text, err)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}

var errBroken = errors.New("broken off")

// brokenOff says so once.
type brokenOff struct{ said bool }

func (b *brokenOff) Read([]byte) (int, error) {
	if b.said {
		return 0, io.EOF
	}
	b.said = true
	return 0, errBroken
}

// Whom nobody can name is hit by a fault for anybody.
func TestFaultsOfRegistrationAndAccount(t *testing.T) {
	for target, endpoint := range map[string]string{"/oidc/register": "register", "/oidc/register/reg_1": "register", "/account": "account"} {
		l := &List{}
		ask(t, l, `{"endpoint":"`+endpoint+`","fault":"error","status":503}`)
		w := httptest.NewRecorder()
		l.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if w.Code != 503 {
			t.Errorf("%s: %d, want 503", target, w.Code)
		}
	}
}

// A fault waits for the next one where a request is spared.
func TestSparedRequests(t *testing.T) {
	l := &List{Spare: func(r *http.Request) bool { return r.UserAgent() == "ours" }}
	ask(t, l, `{"endpoint":"token","fault":"error"}`)
	for _, c := range []struct {
		agent string
		want  int
	}{{"ours", 200}, {"theirs", 500}, {"theirs", 200}} {
		r := httptest.NewRequest("POST", "/oauth/token", nil)
		r.Header.Set("User-Agent", c.agent)
		w := httptest.NewRecorder()
		l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", c.agent, w.Code, c.want)
		}
	}
}
