package edge_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

func TestHosts(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	get := func(path, host string) agent.Answer {
		r, _ := http.NewRequest("GET", p.Base()+path, nil)
		r.Host = host
		return b.Send(r)
	}
	port := p.URL[strings.LastIndex(p.URL, ":")+1:]
	if a := get("/", "evil.example:"+port); a.StatusCode != 421 {
		t.Errorf("a foreign host: %d, want 421", a.StatusCode)
	}
	if a := get("/login?email=x", "127.0.0.1:"+port); a.StatusCode != 302 || a.Header.Get("Location") != p.Base()+"/login?email=x" {
		t.Errorf("a page on 127.0.0.1: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if a := get("/.well-known/jwks.json", "127.0.0.1:"+port); a.StatusCode != 200 {
		t.Errorf("keys on 127.0.0.1: %d", a.StatusCode)
	}
	doc := get("/.well-known/openid-configuration", "127.0.0.1:"+port).JSON(t)
	if doc["issuer"] != p.Issuer {
		t.Errorf("the issuer follows the Host header: %v", doc["issuer"])
	}
}

// RFC 3986 6.2.3: a browser leaves out the port of its scheme. The issuer stays
// byte for byte, and so do redirect URIs.
func TestDefaultPort(t *testing.T) {
	p := punchcardtest.New(t, punchcardtest.Flags("--issuer", "http://localhost:80"))
	here := strings.TrimPrefix(p.URL, "http://")
	b := p.Browser(t)
	b.HTTP.Transport = &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, here) // as if we had port 80
	}}
	for _, path := range []string{"/", "/login", "/app/", "/docs", "/inspector", "/device"} {
		if a := b.Get("http://localhost" + path); a.StatusCode != 200 {
			t.Errorf("%s: %d to %s", path, a.StatusCode, a.Header.Get("Location"))
		}
	}
	if doc := b.Get("http://localhost/.well-known/openid-configuration").JSON(t); doc["issuer"] != "http://localhost:80" || doc["token_endpoint"] != "http://localhost:80/oauth/token" {
		t.Errorf("issuer %v, token endpoint %v", doc["issuer"], doc["token_endpoint"])
	}
	// The origin of the phone app, as its browser writes it.
	preflight := b.Do("OPTIONS", "http://localhost/oauth/token", nil, "Origin", "http://localhost", "Access-Control-Request-Method", "POST")
	if got := preflight.Header.Get("Access-Control-Allow-Origin"); got != "http://localhost" {
		t.Errorf("Allow-Origin %q", got)
	}
	c := agent.Mobile()
	c.ID, c.Redirect = "timesheets-app", "http://localhost/app/callback"
	if a := b.Get("http://localhost" + c.AuthorizeURL()); a.StatusCode != 400 {
		t.Errorf("a redirect URI in another spelling: %d (RFC 9700 2.1)", a.StatusCode)
	}
	c.Redirect = "http://localhost:80/app/callback"
	if a := b.Get("http://localhost" + c.AuthorizeURL()); a.StatusCode != 303 {
		t.Errorf("the registered redirect URI: %d", a.StatusCode)
	}
	// RFC 9700 4.1.1: an app of this server's own origin would read its codes.
	agent.Refused(t, b.SendJSON("POST", "http://localhost/oidc/register", "", `{"redirect_uris":["http://localhost/callback"],"token_endpoint_auth_method":"none"}`), 400, "invalid_redirect_uri")
}

// OWASP ASVS 3.4.1; RFC 6797 7.2: not over plain http.
func strictTransport(t *testing.T) {
	if got := punchcardtest.New(t).Browser(t).Get("/livez").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("over http: %q", got)
	}
	p := punchcardtest.New(t, punchcardtest.Flags("--issuer", "https://punchcard.example", "--allow-demo-passwords"))
	r, err := http.NewRequest("GET", p.URL+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "punchcard.example"
	a := p.Browser(t).Send(r)
	if got := a.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("over https: %q, want a year", got)
	}
	r, err = http.NewRequest("GET", p.URL+agent.Mobile().AuthorizeURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "punchcard.example"
	for _, c := range p.Browser(t).Send(r).Cookies() {
		if !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s over https: Secure %v, want it, and the prefix __Host- (OWASP ASVS 3.3.1)", c.Name, c.Secure)
		}
	}
}

func TestStrictTransport(t *testing.T) { t.Run("HT-02", strictTransport) }
