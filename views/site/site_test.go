package site

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views"
)

const issuer = "http://localhost:8484"

func serve(c Config, r *http.Request) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	if c.Introduce == nil {
		c.Introduce = func(*http.Request) (views.Start, error) { return views.Start{Issuer: c.Issuer}, nil }
	}
	Register(mux, c)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func get(c Config, target string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Accept", "text/html")
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	return serve(c, r)
}

func demo() Config {
	return Config{Issuer: issuer, Version: "v1.2.3", Client: "timesheets-mobile", Scope: "openid offline_access read:timesheets", CodeSeconds: func() int { return 60 }}
}

func TestStartPageBeginsTheDemo(t *testing.T) {
	a := get(demo(), "/")
	if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `href="/try"`) || !strings.Contains(a.Body.String(), "v1.2.3") {
		t.Errorf("%d, no way to sign in", a.Code)
	}
}

// RFC 8252 7.3: a native client comes back to the machine it runs on. Where
// the issuer is elsewhere, or no such client is there, nothing is offered.
func TestDemoIsOnlyWhereItCanComeBack(t *testing.T) {
	for name, c := range map[string]struct {
		issuer, client string
		want           bool
	}{
		"localhost":        {"http://localhost:8484", "timesheets-mobile", true},
		"trailing slash":   {"http://localhost:8484/", "timesheets-mobile", true},
		"127.0.0.1":        {"http://127.0.0.1:8484", "timesheets-mobile", true},
		"[::1]":            {"http://[::1]:8484", "timesheets-mobile", true},
		"no client":        {"http://localhost:8484", "", false},
		"another host":     {"http://192.168.1.20:8484", "timesheets-mobile", false},
		"https":            {"https://auth.example:8484", "timesheets-mobile", false},
		"like localhost":   {"http://localhost.example:8484", "timesheets-mobile", false},
		"the default port": {"http://localhost", "timesheets-mobile", true}, // RFC 9110 4.2.1: 80
	} {
		config := Config{Issuer: c.issuer, Client: c.client, CodeSeconds: func() int { return 60 }}
		if got := strings.Contains(get(config, "/").Body.String(), `href="/try"`); got != c.want {
			t.Errorf("%s: button %v", name, got)
		}
		if got := get(config, "/try").Code == http.StatusSeeOther; got != c.want {
			t.Errorf("%s: /try %v", name, got)
		}
		if got := get(config, "/callback").Code == http.StatusOK; got != c.want {
			t.Errorf("%s: /callback %v", name, got)
		}
	}
}

func TestStartPageWhileTheFileCannotBeRead(t *testing.T) {
	c := demo()
	c.Introduce = func(*http.Request) (views.Start, error) { return views.Start{}, errors.New("disk I/O error: secret") }
	a := get(c, "/")
	if a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" || strings.Contains(a.Body.String(), "secret") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestMissingPage(t *testing.T) {
	if a := get(demo(), "/nothing"); a.Code != http.StatusNotFound || !strings.Contains(a.Body.String(), "There is nothing here") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	r := httptest.NewRequest(http.MethodGet, "/nothing", nil)
	r.Header.Set("Accept", "application/json")
	if a := serve(demo(), r); a.Code != http.StatusNotFound || strings.Contains(a.Body.String(), "<") {
		t.Errorf("a program gets %d %s", a.Code, a.Body)
	}
}
