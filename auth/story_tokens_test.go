package auth_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

func TestIntrospectionAndUserinfo(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	ask := func(client, token string) agent.Answer {
		return b.Do("POST", "/oauth/introspect", url.Values{"client_id": {client}, "client_secret": {client + "-secret"}, "token": {token}})
	}
	m := ask("timesheets-gateway", got.Access).JSON(t)
	if m["active"] != true || m["sub"] != "usr_ada" || m["client_id"] != c.ID || m["scope"] != got.Scope || m["iss"] != p.Issuer || m["aud"] != p.Base()+"/api" {
		t.Errorf("introspection: %v", m)
	}
	for name, token := range map[string]string{"refresh token": got.Refresh, "ID token": got.ID, "nonsense": "x", "truncated": got.Access[:len(got.Access)-1]} {
		if a := ask("timesheets-gateway", token); strings.TrimSpace(a.Text) != `{"active":false}` {
			t.Errorf("%s: %s, want exactly {\"active\":false} (RFC 7662 2.2)", name, a.Text)
		}
	}
	if a := ask("timesheets-web", got.Access); a.StatusCode != 200 || strings.TrimSpace(a.Text) != `{"active":false}` {
		t.Errorf("about another client's token: %d %s, want exactly {\"active\":false} (RFC 7662 2.2)", a.StatusCode, a.Text)
	}
	agent.Refused(t, b.Do("POST", "/oauth/introspect", url.Values{"token": {got.Access}}), 401, "invalid_client")
	agent.Refused(t, b.Do("POST", "/oauth/introspect", url.Values{"token": {got.Access}}, "Authorization", "Bearer "+got.Access), 401, "invalid_client")

	a := b.Get("/userinfo", "Authorization", "Bearer "+got.Access)
	if m := a.JSON(t); a.StatusCode != 200 || m["sub"] != "usr_ada" || m["email"] != "ada@example.com" || m["name"] != "Ada Lovelace" {
		t.Errorf("userinfo: %d %s", a.StatusCode, a.Text)
	}
	if a := b.Get("/userinfo"); a.StatusCode != 401 || strings.Contains(a.Header.Get("WWW-Authenticate"), "error=") || a.Text != "" {
		t.Errorf("no token: %d %q %q (RFC 6750 3.1)", a.StatusCode, a.Header.Get("WWW-Authenticate"), a.Text)
	}
	c.Scope = "read:timesheets"
	plain := b.SignedUp(c, "")
	if a := b.Get("/userinfo", "Authorization", "Bearer "+plain.Access); a.StatusCode != 403 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="openid"`) {
		t.Errorf("without openid: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	if plain.ID != "" || plain.Refresh != "" {
		t.Error("an ID or refresh token that nobody asked for")
	}
}

// RFC 9700 4.3.2: a token in a URL or a form is not looked at.
func TestUserinfoReadsTheHeaderOnly(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	got := b.SignedUp(agent.Mobile(), "ada@example.com")
	for name, a := range map[string]agent.Answer{
		"query": b.Get("/userinfo?access_token=" + got.Access),
		"form":  b.Do(http.MethodPost, "/userinfo", url.Values{"access_token": {got.Access}}),
	} {
		if a.StatusCode != 401 {
			t.Errorf("%s: %d, want 401", name, a.StatusCode)
		}
	}
}

// RFC 9449: Ada's phone keeps a key that never leaves it, and binds to it the
// code, the tokens and all that comes of them. Who copies any of these has
// nothing.
func TestTokensBoundToAKey(t *testing.T) {
	p := punchcardtest.New(t, punchcardtest.Flags("--dpop-nonces", "--config", punchcardtest.Config(t, punchcardtest.Replacing(
		"    grants: [client_credentials]\n", "    grants: [client_credentials]\n    dpop_bound_access_tokens: true\n"))))
	b, c := p.Browser(t), agent.Mobile()
	phone, thief := b.Device(), b.Device()
	exchange := url.Values{"grant_type": {"authorization_code"}, "client_id": {c.ID}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier}}
	refresh := func(token string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {token}}
	}

	exchange.Set("code", b.Code(c, "ada@example.com", "dpop_jkt", phone.JKT()))
	agent.Refused(t, b.Do("POST", "/oauth/token", exchange), 400, "invalid_dpop_proof")
	agent.Refused(t, thief.Token(exchange), 400, "invalid_grant")
	first, asked := phone.Do("POST", p.Base()+"/oauth/token", "", exchange)
	got := b.Tokens(first)
	if cnf, _ := agent.Claims(t, got.Access, 1)["cnf"].(map[string]any); !asked || got.Type != "DPoP" || cnf["jkt"] != phone.JKT() {
		t.Errorf("asked for a nonce: %v; token_type %s, cnf %v", asked, got.Type, cnf)
	}

	// At the API, under each name of this machine; a page of a registered origin can read the nonce.
	port := strings.TrimPrefix(p.URL, "http://localhost")
	for _, target := range []string{p.Base() + "/api/me", "http://127.0.0.1" + port + "/api/me", p.Base() + "/userinfo"} {
		a, asked := phone.Do("GET", target, got.Access, nil, "Origin", "http://localhost:3000")
		if a.StatusCode != 200 || asked || !strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "DPoP-Nonce") {
			t.Errorf("%s: %d, asked for a nonce: %v, %s", target, a.StatusCode, asked, a.Text)
		}
	}
	for what, a := range map[string]agent.Answer{
		"as a bearer token": b.API("GET", "/me", got.Access, ""),
		"without a proof":   b.Get("/api/me", "Authorization", "DPoP "+got.Access),
	} {
		if offers := strings.Join(a.Header.Values("WWW-Authenticate"), "\n"); a.StatusCode != 401 || !strings.Contains(offers, "error=") || !strings.Contains(offers, `DPoP realm="timesheets", algs="ES256 `) {
			t.Errorf("%s: %d %s", what, a.StatusCode, offers)
		}
	}
	thief.Nonce = ""
	if a, asked := thief.Do("GET", p.Base()+"/api/me", got.Access, nil); !asked || a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("with the thief's key: %d %s", a.StatusCode, a.Text)
	}

	// The refresh token is worth nothing without the key, and trying it does no harm.
	agent.Refused(t, thief.Token(refresh(got.Refresh)), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_dpop_proof")
	next := b.Tokens(phone.Token(refresh(got.Refresh)))
	if a, _ := phone.Do("GET", p.Base()+"/api/timesheets", next.Access, nil); a.StatusCode != 200 {
		t.Errorf("after the refresh: %d %s", a.StatusCode, a.Text)
	}

	// A client that is registered to bind its tokens gets no others.
	cron := url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-" + strings.Repeat("secret", 6)}}
	agent.Refused(t, b.Do("POST", "/oauth/token", cron), 400, "invalid_dpop_proof")
	if got := b.Tokens(b.Device().Token(cron)); got.Type != "DPoP" {
		t.Errorf("the nightly import got a token of type %s", got.Type)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/api"} {
		if algs := fmt.Sprint(b.Get(path).JSON(t)["dpop_signing_alg_values_supported"]); !strings.HasPrefix(algs, "[ES256 PS256 ") {
			t.Errorf("%s: %s", path, algs)
		}
	}
}

// No secret is ever logged, at the most talkative level.
func provesSecretsStaySecret(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	got := b.Tokens(b.Exchange(c, code))
	next := b.Tokens(b.Refresh(c, got.Refresh))
	b.API("GET", "/timesheets", next.Access, "")
	b.Refresh(c, got.Refresh)
	b.Do("POST", "/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}})
	log := p.Log.String()
	if !strings.Contains(log, `"verdict":"pass"`) || !strings.Contains(log, `"verdict":"fail"`) {
		t.Error("the log is no ledger of checks")
	}
	secrets := map[string]string{"code": code, "access token": got.Access, "refresh token": got.Refresh, "next refresh token": next.Refresh,
		"ID token": got.ID, "verifier": c.Verifier, "client secret": "timesheets-cron-secret"}
	u, _ := url.Parse(p.Base())
	for _, cookie := range b.HTTP.Jar.Cookies(u) {
		secrets["cookie "+cookie.Name] = cookie.Value
	}
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds a %s", name)
		}
	}
	p.Stop()
	for _, file := range []string{p.File, p.File + "-wal"} {
		raw, _ := os.ReadFile(file)
		for name, secret := range secrets {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s holds a %s in clear", filepath.Base(file), name)
			}
		}
	}
}
