package catalogue

import (
	"net/url"
	"strings"
	"testing"
)

func (a *agent) revoke(c *client, token string, pairs ...string) answer {
	a.t.Helper()
	return a.post("/oauth/revoke", c.with(url.Values{"token": {token}}, pairs...))
}

// dead is RFC 7009 2.2, and the contract's "200 with {} as application/json".
func dead(t *testing.T, what string, a answer) {
	t.Helper()
	if kind := a.Header.Get("Content-Type"); a.StatusCode != 200 || strings.TrimSpace(a.body) != "{}" || !strings.HasPrefix(kind, "application/json") {
		t.Errorf("%s: %d %q of %q; want 200 and {} as JSON", what, a.StatusCode, a.body, kind)
	}
}

// tokenStatus is revocation, introspection and userinfo.
var tokenStatus = map[string]func(*testing.T){
	"RV-01": func(t *testing.T) {
		a, c := newAgent(t), native()
		got := a.granted(c, ada)
		dead(t, "revoke", a.revoke(c, got.Refresh))
		refused(t, "refresh", a.token(c.refreshForm(got.Refresh)), 400, "invalid_grant")
		problem(t, "its access token", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
		if at := a.introspect(got.Access); strings.TrimSpace(at.body) != inactive {
			t.Errorf("introspection: %s", at.body)
		}
	},
	"RV-02": func(t *testing.T) {
		a, c := newAgent(t), native()
		got := a.granted(c, ada)
		dead(t, "revoke", a.revoke(c, got.Access))
		problem(t, "access token", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
		machine := a.tokens(a.token(cron().with(clone(machineGrant))))
		dead(t, "a machine's", a.revoke(cron(), machine.Access))
		problem(t, "a machine's", a.api("GET", "/me", machine.Access, ""), 401, invalidToken)
	},
	"RV-03": func(t *testing.T) {
		a, c := newAgent(t), native()
		dead(t, "garbage", a.revoke(c, "garbage"))
		got := a.granted(c, ada)
		for _, hint := range []string{"refresh_token", "nonsense"} { // RFC 7009 2.1: the hint may be wrong
			dead(t, hint, a.revoke(c, got.Access, "token_type_hint", hint))
		}
		problem(t, "after the wrong hint", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
		dead(t, "again", a.revoke(c, got.Access))
	},
	"RV-04": func(t *testing.T) {
		a, c := newAgent(t), native()
		got := a.granted(c, ada)
		for _, token := range []string{got.Access, got.Refresh} {
			for _, other := range []*client{spa(), web()} {
				if at := a.revoke(other, token); at.StatusCode != 400 {
					t.Errorf("%s revoked what is not its own: %d", other.id, at.StatusCode)
				}
			}
		}
		if !a.alive(got.Access) {
			t.Error("the token died")
		}
		a.tokens(a.token(c.refreshForm(got.Refresh)))
	},
	"RV-05": func(t *testing.T) {
		a, c := newAgent(t), web()
		got := a.granted(c, ada)
		refused(t, "no secret", a.revoke(c, got.Refresh, "client_secret", ""), 401, "invalid_client")
		refused(t, "wrong secret", a.revoke(c, got.Refresh, "client_secret", "wrong"), 401, "invalid_client")
		refused(t, "nobody", a.post("/oauth/revoke", url.Values{"token": {got.Refresh}}), 401, "invalid_client")
		if !a.alive(got.Access) {
			t.Error("the token died")
		}
	},
	"RV-08": func(t *testing.T) {
		a, c := newAgent(t), native()
		first := a.granted(c, ada)
		second := a.tokens(a.token(c.refreshForm(first.Refresh)))
		dead(t, "revoke", a.revoke(c, first.Refresh))
		refused(t, "its successor", a.token(c.refreshForm(second.Refresh)), 400, "invalid_grant")
		problem(t, "the access token beside it", a.api("GET", "/me", second.Access, ""), 401, invalidToken)
	},
	"RV-07": func(t *testing.T) {
		a, c := newAgent(t), native()
		if at := a.get("/oauth/revoke?token=x&client_id=" + c.id); at.StatusCode != 405 {
			t.Errorf("GET: %d, want 405", at.StatusCode)
		}
		refused(t, "no token", a.post("/oauth/revoke", c.with(url.Values{})), 400, "invalid_request")
		refused(t, "two tokens", a.post("/oauth/revoke", c.with(url.Values{"token": {"a", "b"}})), 400, "invalid_request")
		for origin, want := range map[string]string{"http://localhost:5173": "http://localhost:5173", "https://evil.example": ""} {
			if got := a.post("/oauth/revoke", c.with(url.Values{"token": {"x"}}), "Origin", origin).Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("from %s: Allow-Origin %q, want %q", origin, got, want)
			}
		}
	},
	"IN-01": func(t *testing.T) {
		a := newAgent(t)
		got := a.granted(native(), ada)
		for name, at := range map[string]answer{
			"nobody":          a.post("/oauth/introspect", url.Values{"token": {got.Access}}),
			"a public client": a.post("/oauth/introspect", native().with(url.Values{"token": {got.Access}})), // a name that anybody can say authenticates nobody
			"a wrong secret":  a.post("/oauth/introspect", url.Values{"token": {got.Access}}, "Authorization", basic("timesheets-gateway", "wrong")),
		} {
			refused(t, name, at, 401, "invalid_client")
			if !strings.HasPrefix(at.Header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s: no challenge", name)
			}
		}
	},
	"IN-02": func(t *testing.T) {
		a, c := newAgent(t), native()
		got := a.granted(c, ada)
		m, claims := a.introspect(got.Access).json(t), part(t, got.Access, 1)
		for member, want := range map[string]any{
			"active": true, "scope": got.Scope, "client_id": c.id, "sub": "usr_ada", "exp": claims["exp"], "iat": claims["iat"],
			"iss": issuer, "aud": base + "/api", "token_type": "Bearer", "jti": claims["jti"],
		} {
			if m[member] != want {
				t.Errorf("%s = %v, want %v", member, m[member], want)
			}
		}
	},
	"IN-03": func(t *testing.T) {
		a, c := newAgent(t), native()
		got := a.granted(c, ada)
		revoked := a.granted(c, ada)
		a.revoke(c, revoked.Access)
		for name, token := range map[string]string{
			"garbage": "garbage", "revoked": revoked.Access, "ID token": got.ID, "refresh token": got.Refresh,
			"another issuer's": forge(t, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "x"}, part(t, got.Access, 1), strings.Repeat("s", 64)),
			"truncated":        got.Access[:len(got.Access)-1],
		} {
			if at := a.introspect(token); at.StatusCode != 200 || strings.TrimSpace(at.body) != inactive {
				t.Errorf("%s: %d %s, want exactly %s", name, at.StatusCode, at.body, inactive)
			}
		}
	},
	"IN-04": func(t *testing.T) {
		a := newAgent(t)
		got, other := a.granted(native(), ada), a.granted(native(), ada)
		for _, header := range []string{"Bearer " + got.Access, "Bearer " + other.Access} {
			refused(t, "a person's token as caller", a.post("/oauth/introspect", url.Values{"token": {other.Access}}, "Authorization", header), 401, "invalid_client")
		}
	},
	"IN-05": func(t *testing.T) {
		a := newAgent(t)
		// CONTRACT: "resource servers, other confidential clients with introspect: true,
		// and any confidential client about tokens issued to itself". RFC 7662 2.2: of
		// a token that is none of its business it hears that it is not active.
		own := map[*client]string{web(): a.granted(web(), ada).Access, cron(): a.tokens(a.token(cron().with(clone(machineGrant)))).Access}
		for caller := range own {
			for owner, token := range own {
				at := a.post("/oauth/introspect", caller.with(url.Values{"token": {token}}))
				if at.StatusCode != 200 || (at.json(t)["active"] == true) != (owner == caller) || owner != caller && strings.TrimSpace(at.body) != `{"active":false}` {
					t.Errorf("%s about a token of %s: %d %s", caller.id, owner.id, at.StatusCode, at.body)
				}
			}
		}
		// A refresh token is a token issued to it, too: until it is used, and to
		// nobody else. Asking is no use of it.
		held := a.granted(web(), ada)
		about := func(caller *client, token string) answer {
			return a.post("/oauth/introspect", caller.with(url.Values{"token": {token}, "token_type_hint": {"refresh_token"}}))
		}
		for range 2 {
			if m := about(web(), held.Refresh).json(t); m["active"] != true || m["client_id"] != web().id || m["sub"] != "usr_ada" || m["scope"] != held.Scope {
				t.Errorf("its own refresh token: %v", m)
			}
		}
		if at := about(cron(), held.Refresh); strings.TrimSpace(at.body) != inactive {
			t.Errorf("another client's refresh token: %s", at.body)
		}
		next := a.tokens(a.token(web().refreshForm(held.Refresh)))
		if at := about(web(), held.Refresh); strings.TrimSpace(at.body) != inactive {
			t.Errorf("a used refresh token: %s", at.body)
		}
		if !a.alive(next.Access) || about(web(), next.Refresh).json(t)["active"] != true {
			t.Error("asking about the used one ended its family")
		}
		a.revoke(web(), next.Refresh)
		if at := about(web(), next.Refresh); strings.TrimSpace(at.body) != inactive {
			t.Errorf("a revoked refresh token: %s", at.body)
		}
	},
	"UI-01": func(t *testing.T) {
		a := newAgent(t)
		got := a.granted(native(), ada)
		for _, method := range []string{"GET", "POST"} {
			at := a.do(method, "/userinfo", "", "Authorization", "Bearer "+got.Access)
			if at.StatusCode != 200 || at.json(t)["sub"] != part(t, got.ID, 1)["sub"] || at.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s", method, at.StatusCode, at.body)
			}
		}
	},
	"UI-02": func(t *testing.T) {
		a := newAgent(t)
		if at := a.get("/userinfo"); at.StatusCode != 401 || !strings.HasPrefix(at.Header.Get("WWW-Authenticate"), "Bearer") || strings.Contains(at.Header.Get("WWW-Authenticate"), "error") {
			t.Errorf("no token: %d %s, want a bare challenge", at.StatusCode, at.Header.Get("WWW-Authenticate"))
		}
		if at := a.get("/userinfo", "Authorization", "Bearer x"); at.StatusCode != 401 || !strings.Contains(at.Header.Get("WWW-Authenticate"), invalidToken) {
			t.Errorf("bad token: %d %s", at.StatusCode, at.Header.Get("WWW-Authenticate"))
		}
		got := a.granted(native().asking("read:timesheets"), ada)
		if at := a.get("/userinfo", "Authorization", "Bearer "+got.Access); at.StatusCode != 403 || !strings.Contains(at.Header.Get("WWW-Authenticate"), insufficientScope) {
			t.Errorf("no openid: %d %s", at.StatusCode, at.Header.Get("WWW-Authenticate"))
		}
	},
	"UI-03": func(t *testing.T) {
		a := newAgent(t)
		for scope, want := range map[string][]string{"openid": {"sub"}, "openid email": {"sub", "email"}, "openid profile": {"sub", "name"}} {
			got := a.granted(native().asking(scope), ada)
			m := a.get("/userinfo", "Authorization", "Bearer "+got.Access).json(t)
			for _, claim := range want {
				if m[claim] == nil {
					t.Errorf("%s: no %s", scope, claim)
				}
			}
			for claim, needs := range map[string]string{"email": "email", "email_verified": "email", "name": "profile"} {
				if m[claim] != nil && !strings.Contains(scope, needs) {
					t.Errorf("%s: %s was not asked for", scope, claim)
				}
			}
		}
	},
}
