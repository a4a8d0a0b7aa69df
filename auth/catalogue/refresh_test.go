package catalogue

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

// halfHash is at_hash, OIDC Core 3.1.3.6: the left half of the SHA-256.
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// refreshTokens is rotation and replay.
var refreshTokens = map[string]func(*testing.T){
	"RF-01": func(t *testing.T) {
		a, c := newAgent(t), native()
		first := a.granted(c, ada)
		second := a.tokens(a.token(c.refreshForm(first.Refresh)))
		if second.Refresh == "" || second.Refresh == first.Refresh || second.Access == first.Access {
			t.Error("the tokens did not change")
		}
		if !a.alive(second.Access) {
			t.Error("the new access token is not good")
		}
		refused(t, "the old one", a.token(c.refreshForm(first.Refresh)), 400, "invalid_grant")
	},
	"RF-02": func(t *testing.T) {
		a, c := newAgent(t), native()
		first := a.granted(c, ada)
		second := a.tokens(a.token(c.refreshForm(first.Refresh)))
		refused(t, "replay", a.token(c.refreshForm(first.Refresh)), 400, "invalid_grant")
		refused(t, "its successor", a.token(c.refreshForm(second.Refresh)), 400, "invalid_grant")
		for _, token := range []string{first.Access, second.Access} {
			problem(t, "an access token of the family", a.api("GET", "/me", token, ""), 401, invalidToken)
			if at := a.introspect(token); strings.TrimSpace(at.body) != inactive {
				t.Errorf("introspection: %s", at.body)
			}
		}
	},
	"RF-05": func(t *testing.T) {
		a, c := newAgent(t), native()
		first := a.granted(c, ada)
		a.token(c.refreshForm(first.Refresh)) // the answer is lost on its way
		// There is no grace period: the retry is a replay, and the person signs in again.
		refused(t, "the retry", a.token(c.refreshForm(first.Refresh)), 400, "invalid_grant")
		if got := a.granted(c, ada); !a.alive(got.Access) {
			t.Error("signing in again does not help")
		}
	},
	"RF-06": func(t *testing.T) {
		a, c := newAgent(t), native()
		first := a.granted(c, ada)
		second := a.tokens(a.token(c.refreshForm(first.Refresh, "scope", "read:timesheets")))
		if second.Scope != "read:timesheets" || part(t, second.Access, 1)["scope"] != "read:timesheets" {
			t.Errorf("narrowed to %q, the token says %v", second.Scope, part(t, second.Access, 1)["scope"])
		}
		problem(t, "what was left out", a.api("POST", "/timesheets", second.Access, `{}`), 403, insufficientScope)
		third := a.tokens(a.token(c.refreshForm(second.Refresh)))
		if third.Scope != first.Scope {
			t.Errorf("the grant shrank to %q (RFC 6749 6)", third.Scope)
		}
	},
	"RF-07": func(t *testing.T) {
		a, c := newAgent(t), native().asking("openid offline_access read:timesheets")
		first := a.granted(c, ada)
		for _, scope := range []string{"read:timesheets create:timesheets", "batch:upload", "nonsense"} {
			refused(t, scope, a.token(c.refreshForm(first.Refresh, "scope", scope)), 400, "invalid_scope")
		}
		// CONTRACT: "what was asked for at first but not granted is left out silently".
		wide := native()
		page := a.asked(wide, ada)
		code := a.arrives(wide, a.decide(page, "allow", func(v url.Values) { v["scope"] = []string{"read:timesheets", "offline_access"} })).Get("code")
		got := a.tokens(a.token(wide.exchangeForm(code)))
		if next := a.tokens(a.token(wide.refreshForm(got.Refresh, "scope", everything))); next.Scope != got.Scope {
			t.Errorf("repeating the request's scope gave %q, want %q", next.Scope, got.Scope)
		}
	},
	"RF-08": func(t *testing.T) {
		a, c := newAgent(t), native()
		first := a.granted(c, ada)
		refused(t, "another public client", a.token(spa().refreshForm(first.Refresh)), 400, "invalid_grant")
		refused(t, "a confidential client", a.token(web().refreshForm(first.Refresh)), 400, "invalid_grant")
		refused(t, "nobody", a.token(c.refreshForm(first.Refresh, "client_id", "")), 401, "invalid_client")
		w := web()
		his := a.granted(w, ada)
		refused(t, "without the secret", a.token(w.refreshForm(his.Refresh, "client_secret", "")), 401, "invalid_client")
		a.tokens(a.token(c.refreshForm(first.Refresh))) // others cannot spend it
	},
	"RF-09": func(t *testing.T) {
		a, c := newAgent(t), native()
		got := a.granted(c, ada)
		problem(t, "a refresh token at the API", a.api("GET", "/me", got.Refresh, ""), 401, invalidToken)
		for _, token := range []string{got.Access, got.ID} {
			refused(t, "another token as refresh token", a.token(c.refreshForm(token)), 400, "invalid_grant")
		}
		refused(t, "a refresh token as code", a.token(c.exchangeForm(got.Refresh)), 400, "invalid_grant")
	},
	"RF-12": func(t *testing.T) {
		a, c := newAgent(t), native()
		first := a.granted(c, ada)
		time.Sleep(1100 * time.Millisecond) // iat counts in seconds
		second := a.tokens(a.token(c.refreshForm(first.Refresh)))
		old, next := part(t, first.ID, 1), part(t, second.ID, 1)
		for _, claim := range []string{"iss", "sub", "aud", "auth_time"} {
			if old[claim] != next[claim] {
				t.Errorf("%s changed from %v to %v", claim, old[claim], next[claim])
			}
		}
		if next["nonce"] != nil || next["iat"].(float64) <= old["iat"].(float64) || next["at_hash"] != halfHash(second.Access) {
			t.Errorf("nonce %v, iat %v after %v", next["nonce"], next["iat"], old["iat"])
		}
	},
}
