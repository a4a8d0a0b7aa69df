package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// Metadata lists what works and nothing else: every endpoint in it answers,
// and what later editions will add is absent.
func TestMetadata(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	doc := b.Get("/.well-known/openid-configuration").JSON(t)
	for key, value := range doc {
		if text, ok := value.(string); ok && (strings.HasSuffix(key, "_endpoint") || key == "jwks_uri") {
			if a := b.Get(text); a.StatusCode == 404 {
				t.Errorf("%s %s is advertised and missing", key, text)
			}
		}
	}
	for _, path := range []string{"/lessons", "/metrics"} {
		if a := b.Get(path); a.StatusCode != 404 {
			t.Errorf("%s answers %d before it works", path, a.StatusCode)
		}
	}
	if fmt.Sprint(doc["code_challenge_methods_supported"]) != "[S256]" || doc["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("PKCE %v, iss %v", doc["code_challenge_methods_supported"], doc["authorization_response_iss_parameter_supported"])
	}
	keys := b.Get("/.well-known/jwks.json")
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"k"`} {
		if strings.Contains(keys.Text, private) {
			t.Errorf("JWKS has a private member %s", private)
		}
	}
	if n := len(keys.JSON(t)["keys"].([]any)); n != 2 {
		t.Errorf("%d keys, want ES256 and RS256", n)
	}
}

func TestCrossOrigin(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	for _, row := range []struct {
		method, path, origin string
		want                 bool
	}{
		{"OPTIONS", "/oauth/token", "http://localhost:3000", true},
		{"OPTIONS", "/oauth/par", "http://localhost:5173", true},
		{"OPTIONS", "/oauth/revoke", "http://localhost:5173", true},
		{"OPTIONS", "/userinfo", "http://localhost:4200", true},
		{"OPTIONS", "/api/timesheets", "http://localhost:3000", true},
		{"GET", "/.well-known/jwks.json", "http://localhost:3000", true},
		{"OPTIONS", "/oauth/token", "http://localhost:3001", false},
		{"OPTIONS", "/oauth/token", "null", false},
		{"OPTIONS", "/oauth/introspect", "http://localhost:3000", false},
		{"OPTIONS", "/authorize", "http://localhost:3000", false}, // RFC 9700 2.6
	} {
		a := b.Do(row.method, row.path, nil, "Origin", row.origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-anything,authorization")
		allowed := a.Header.Get("Access-Control-Allow-Origin")
		if row.want && (allowed != row.origin || a.Header.Get("Access-Control-Allow-Credentials") != "true") || !row.want && allowed != "" {
			t.Errorf("%s %s from %s: Allow-Origin %q", row.method, row.path, row.origin, allowed)
		}
		if row.want && row.method == "OPTIONS" && a.Header.Get("Access-Control-Allow-Headers") != "x-anything,authorization" {
			t.Errorf("%s: Allow-Headers %q", row.path, a.Header.Get("Access-Control-Allow-Headers"))
		}
	}
}

// Auth0's browser SDK wants the issuer with a trailing slash; it is compared
// byte for byte everywhere.
func TestTrailingSlashIssuer(t *testing.T) {
	free := punchcardtest.New(t)
	port := free.URL[strings.LastIndex(free.URL, ":")+1:]
	free.Stop()
	issuer := "http://localhost:" + port + "/"
	p := punchcardtest.New(t, punchcardtest.Flags("--addr", "127.0.0.1:"+port, "--issuer", issuer))
	b, c := p.Browser(t), agent.Mobile()
	documents := []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}
	for _, path := range slices.Clone(documents) { // as clients ask that leave the slash where it is
		documents = append(documents, "/"+path, path+"/")
	}
	for _, path := range documents {
		doc := b.Get(p.Base() + path).JSON(t)
		if doc["issuer"] != issuer || doc["token_endpoint"] != "http://localhost:"+port+"/oauth/token" {
			t.Errorf("%s: issuer %v, token_endpoint %v", path, doc["issuer"], doc["token_endpoint"])
		}
	}
	got := b.SignedUp(c, "ada@example.com") // arrive compares iss
	for _, token := range []string{got.Access, got.ID} {
		if iss := agent.Claims(t, token, 1)["iss"]; iss != issuer {
			t.Errorf("iss = %v, want %s", iss, issuer)
		}
	}
	if aud := agent.Claims(t, got.Access, 1)["aud"]; aud != "http://localhost:"+port+"/api" {
		t.Errorf("aud = %v", aud)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("api: %d", a.StatusCode)
	}
}
