package catalogue

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func cron() *client { return &client{id: "timesheets-cron", secret: "timesheets-cron-secret"} }

var machineGrant = url.Values{"grant_type": {"client_credentials"}}

func clone(form url.Values) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = slices.Clone(v)
	}
	return out
}

// tokenEndpoint is RFC 6749 3.2 and what an attacker sends to it.
var tokenEndpoint = map[string]func(*testing.T){
	"TK-01": func(t *testing.T) {
		a, c := newAgent(t), native()
		at := a.token(c.exchangeForm(a.code(c, ada)))
		got := a.tokens(at)
		if got.Access == "" || got.Type != "Bearer" || got.Expires <= 0 || got.Scope == "" {
			t.Errorf("answer %+v", got)
		}
		if at.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(at.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s %s, want JSON and no-store", at.Header.Get("Content-Type"), at.Header.Get("Cache-Control"))
		}
	},
	"TK-02": func(t *testing.T) {
		a, c := newAgent(t), native()
		refused(t, "wrong verifier", a.token(c.exchangeForm(a.code(c, ada), "code_verifier", strings.Repeat("w", 43))), 400, "invalid_grant")
	},
	"TK-03": func(t *testing.T) {
		a := newAgent(t)
		for _, c := range []*client{native(), web()} {
			code := a.code(c, ada)
			refused(t, "wrong", a.token(c.exchangeForm(code, "code_verifier", strings.Repeat("w", 43))), 400, "invalid_grant")
			refused(t, "none after it", a.token(c.exchangeForm(code, "code_verifier", "")), 400, "invalid_grant")
		}
	},
	"TK-04": func(t *testing.T) {
		a, c := newAgent(t), native()
		code := a.code(c, ada)
		refused(t, "wrong", a.token(c.exchangeForm(code, "code_verifier", strings.Repeat("w", 43))), 400, "invalid_grant")
		// Documented in auth/doc.go: a guess does not burn the code, or whoever
		// saw it could lock its owner out. It is good once all the same.
		a.tokens(a.token(c.exchangeForm(code)))
		refused(t, "again", a.token(c.exchangeForm(code)), 400, "invalid_grant")
	},
	"TK-05": func(t *testing.T) {
		a, c := newAgent(t), native()
		refused(t, "no verifier", a.token(c.exchangeForm(a.code(c, ada), "code_verifier", "")), 400, "invalid_grant")
	},
	"TK-07": func(t *testing.T) {
		a, c := newAgent(t), native()
		code := a.code(c, ada)
		for _, verifier := range []string{c.verifier[:42], strings.Repeat("v", 129), c.verifier[:42] + "+", c.verifier + "\x00", c.verifier + " ", "é" + c.verifier, strings.ToUpper(c.verifier), challengeOf(c.verifier)} {
			refused(t, verifier, a.token(c.exchangeForm(code, "code_verifier", verifier)), 400, "invalid_grant")
		}
	},
	"TK-08": func(t *testing.T) {
		a, c := newAgent(t), native()
		code := a.code(c, ada)
		got := a.tokens(a.token(c.exchangeForm(code)))
		if !a.alive(got.Access) {
			t.Fatal("the token was never good")
		}
		refused(t, "code again", a.token(c.exchangeForm(code)), 400, "invalid_grant")
		problem(t, "its access token", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
		if at := a.introspect(got.Access); strings.TrimSpace(at.body) != inactive {
			t.Errorf("introspection: %s", at.body)
		}
		refused(t, "its refresh token", a.token(c.refreshForm(got.Refresh)), 400, "invalid_grant")
	},
	"TK-10": func(t *testing.T) {
		a, c := newAgent(t), web()
		code := a.code(c, ada)
		for _, other := range []*client{native(), spa()} {
			refused(t, other.id, a.token(other.exchangeForm(code, "redirect_uri", c.redirect)), 400, "invalid_grant")
		}
		a.tokens(a.token(c.exchangeForm(code))) // and it is not spent by those who may not have it
	},
	"TK-12": func(t *testing.T) {
		a, c := newAgent(t), native()
		code := a.code(c, ada)
		for _, uri := range []string{"http://127.0.0.1:49153/callback", "", "http://127.0.0.1/callback", c.redirect + "/", "https://evil.example/"} {
			refused(t, uri, a.token(c.exchangeForm(code, "redirect_uri", uri)), 400, "invalid_grant")
		}
	},
	"TK-13": func(t *testing.T) {
		a, c := newAgent(t), native()
		form := c.exchangeForm(a.code(c, ada)).Encode()
		if at := a.get("/oauth/token?" + form); at.StatusCode != http.StatusMethodNotAllowed || strings.Contains(at.body, "access_token") {
			t.Errorf("GET: %d %s, want 405", at.StatusCode, at.body)
		}
		refused(t, "POST with all in the URL", a.post("/oauth/token?"+form, url.Values{}), 400, "invalid_request")
		secret := url.Values{"client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}
		if at := a.post("/oauth/token?"+secret.Encode(), machineGrant); at.StatusCode == http.StatusOK {
			t.Error("a secret in the URL was taken (RFC 6749 2.3.1)")
		}
	},
	"TK-14": func(t *testing.T) {
		a := newAgent(t)
		for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "HEAD"} {
			if at := a.do(method, "/oauth/token", ""); at.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(at.Header.Get("Allow"), "POST") {
				t.Errorf("%s: %d Allow %q, want 405 and POST", method, at.StatusCode, at.Header.Get("Allow"))
			}
		}
	},
	"TK-15": func(t *testing.T) {
		a := newAgent(t)
		body := cron().with(clone(machineGrant)).Encode()
		// CONTRACT: "Form bodies only: JSON gets 415 with the fix."
		for _, kind := range []string{"application/json", "text/plain", "multipart/form-data; boundary=x", "", "application/x-www-form-urlencoded-not"} {
			at := a.do("POST", "/oauth/token", body, "Content-Type", kind)
			refused(t, kind, at, 415, "invalid_request")
			if !strings.Contains(at.body, "application/x-www-form-urlencoded") {
				t.Errorf("%q: the answer does not say the fix: %s", kind, at.body)
			}
		}
		boundary := "--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--x--\r\n"
		refused(t, "multipart", a.do("POST", "/oauth/token", boundary, "Content-Type", "multipart/form-data; boundary=x", "Authorization", basic("timesheets-cron", "timesheets-cron-secret")), 415, "invalid_request")
		a.tokens(a.do("POST", "/oauth/token", body, "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"))
	},
	"TK-16": func(t *testing.T) {
		a, c := newAgent(t), native()
		form := c.exchangeForm(a.code(c, ada))
		for _, name := range []string{"code", "grant_type", "client_id", "code_verifier", "redirect_uri"} {
			twice := clone(form)
			twice.Add(name, form.Get(name))
			refused(t, name, a.token(twice), 400, "invalid_request")
		}
		a.tokens(a.token(form)) // none of these spent the code
	},
	"TK-17": func(t *testing.T) {
		a := newAgent(t)
		// CONTRACT: "Basic with the same client_id in the body is fine"; a secret in both places is not.
		both := cron().with(clone(machineGrant))
		refused(t, "both", a.token(both, "Authorization", basic("timesheets-cron", "timesheets-cron-secret")), 400, "invalid_request")
		both.Del("client_secret")
		a.tokens(a.token(both, "Authorization", basic("timesheets-cron", "timesheets-cron-secret")))
	},
	"TK-18": func(t *testing.T) {
		a := newAgent(t)
		form := clone(machineGrant)
		form.Set("client_id", "timesheets-web")
		refused(t, "two names", a.token(form, "Authorization", basic("timesheets-cron", "timesheets-cron-secret")), 400, "invalid_request")
	},
	"TK-19": func(t *testing.T) {
		at := newAgent(t).token(machineGrant, "Authorization", basic("timesheets-cron", "wrong"))
		refused(t, "wrong secret", at, 401, "invalid_client")
		if !strings.HasPrefix(at.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("WWW-Authenticate %q, want the scheme that was used", at.Header.Get("WWW-Authenticate"))
		}
	},
	"TK-20": func(t *testing.T) {
		a := newAgent(t)
		form := func(id string) url.Values {
			return (&client{id: id, secret: "wrong"}).with(clone(machineGrant))
		}
		known, unknown := a.token(form("timesheets-cron")), a.token(form("timesheets-none"))
		refused(t, "wrong secret", known, 401, "invalid_client")
		if known.StatusCode != unknown.StatusCode || known.body != unknown.body || known.Header.Get("WWW-Authenticate") != unknown.Header.Get("WWW-Authenticate") {
			t.Errorf("the answers tell which client exists: %s / %s", known.body, unknown.body)
		}
	},
	"TK-21": func(t *testing.T) {
		a := newAgent(t)
		for _, id := range []string{"timesheets-web", "timesheets-cron"} {
			refused(t, id, a.token((&client{id: id}).with(clone(machineGrant))), 401, "invalid_client")
		}
		refused(t, "nobody", a.token(machineGrant), 401, "invalid_client")
	},
	"TK-22": func(t *testing.T) {
		a := newAgent(t)
		encode := func(s string) string { // every character, as RFC 6749 2.3.1 lets a client do
			var b strings.Builder
			for i := range len(s) {
				fmt.Fprintf(&b, "%%%02x", s[i])
			}
			return b.String()
		}
		r, _ := http.NewRequest("POST", base+"/oauth/token", strings.NewReader(machineGrant.Encode())) // a fixed address
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(encode("timesheets-cron"), encode("timesheets-cron-secret"))
		a.tokens(a.send(r))
	},
	"TK-23": func(t *testing.T) {
		a := newAgent(t)
		for _, header := range []string{"Basic ???", "Basic bm9jb2xvbg==", "Basic", "Basic ", "Bearer abc", "Digest x", "Basic " + strings.Repeat("QUFB", 16<<10), "Basic OnNlY3JldA==", "Basic JTp4", "Basic /w=="} {
			at := a.token(machineGrant, "Authorization", header)
			if at.StatusCode != 401 && at.StatusCode != 400 && at.StatusCode != 431 || strings.Contains(at.body, "access_token") {
				t.Errorf("%.40s: %d %.100s", header, at.StatusCode, at.body)
			}
		}
	},
	"TK-24": func(t *testing.T) {
		a, c := newAgent(t), native()
		code := a.code(c, ada)
		// A public client has no secret: one that is sent cannot be right.
		refused(t, "a secret", a.token(c.exchangeForm(code, "client_secret", "x")), 401, "invalid_client")
		a.tokens(a.token(c.exchangeForm(code)))
	},
	"TK-25": func(t *testing.T) {
		a := newAgent(t)
		form := func(grant ...string) url.Values { return cron().with(url.Values{"grant_type": grant}) }
		refused(t, "none", a.token(form()), 400, "invalid_request")
		for _, grant := range []string{"password", "implicit", "Client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange"} {
			refused(t, grant, a.token(form(grant)), 400, "unsupported_grant_type")
		}
		refused(t, "two", a.token(form("client_credentials", "password")), 400, "invalid_request")
	},
	"TK-26": func(t *testing.T) {
		a := newAgent(t)
		refused(t, "native as a machine", a.token(native().with(clone(machineGrant))), 400, "unauthorized_client")
		refused(t, "a machine with a code", a.token(cron().with(url.Values{"grant_type": {"authorization_code"}, "code": {"x"}})), 400, "unauthorized_client")
		refused(t, "a machine that refreshes", a.token(cron().with(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}})), 400, "unauthorized_client")
	},
	"TK-27": func(t *testing.T) {
		a := newAgent(t)
		// CONTRACT: "client_credentials without scope gets all that the client may have".
		got := a.tokens(a.token(cron().with(clone(machineGrant))))
		if got.Scope != "batch:upload" || got.Refresh != "" || got.ID != "" || part(t, got.Access, 1)["sub"] != "timesheets-cron" || part(t, got.Access, 1)["email"] != nil {
			t.Errorf("a machine's tokens: %q, refresh %v, ID %v", got.Scope, got.Refresh != "", got.ID != "")
		}
		for _, scope := range []string{"openid", "read:timesheets", "batch:upload nonsense", "offline_access"} {
			refused(t, scope, a.token(cron().with(clone(machineGrant), "scope", scope)), 400, "invalid_scope")
		}
		// RFC 6749 3.3: what it cannot have is left out beside what it can.
		if got := a.tokens(a.token(cron().with(clone(machineGrant), "scope", "batch:upload openid read:timesheets"))); got.Scope != "batch:upload" || got.ID != "" {
			t.Errorf("beside what a machine can have: %q, ID %v", got.Scope, got.ID != "")
		}
	},
	"TK-28": func(t *testing.T) {
		a, c := newAgent(t), native()
		one, two := a.code(c, ada), a.code(c, ada)
		for _, code := range []string{one[:len(one)-1], one + "x", strings.TrimPrefix(one, "pcc_"), strings.Replace(one, "pcc_", "pcr_", 1), strings.Replace(one, "pcc_", "", 1) + "pcc_",
			one[:len(one)/2] + two[len(two)/2:], strings.ToLower(one), " " + one, one + "."} {
			refused(t, "an edited code", a.token(c.exchangeForm(code)), 400, "invalid_grant")
		}
		got := a.tokens(a.token(c.exchangeForm(one)))
		for _, token := range []string{got.Refresh[:len(got.Refresh)-1], strings.TrimPrefix(got.Refresh, "pcr_"), got.Refresh + "="} {
			refused(t, "an edited refresh token", a.token(c.refreshForm(token)), 400, "invalid_grant")
		}
		a.tokens(a.token(c.refreshForm(got.Refresh))) // and none of these was a replay
	},
	"TK-30": func(t *testing.T) {
		a := newAgent(t)
		form := cron().with(clone(machineGrant))
		big := form.Encode() + "&x=" + strings.Repeat("y", 10<<20)
		if at := a.tooMuch("/oauth/token", "application/x-www-form-urlencoded", big); at != 413 && at != 400 {
			t.Errorf("10 MB: %d, want 413", at)
		}
		for i := range 10_000 {
			form.Set("x"+strconv.Itoa(i), "y")
		}
		if at := a.token(form); at.StatusCode != 413 && at.StatusCode != 400 {
			t.Errorf("10 000 parameters: %d, want 413 or 400", at.StatusCode)
		}
	},
	"TK-31": func(t *testing.T) {
		a, c := newAgent(t), native()
		page := a.asked(c, ada)
		code := a.arrives(c, a.decide(page, "allow", func(v url.Values) { v["scope"] = []string{"read:timesheets"} })).Get("code")
		// RFC 8707 2.2: another resource than the grant's is invalid_target.
		refused(t, "resource", a.token(c.exchangeForm(code, "resource", "https://other.example/api")), 400, "invalid_target")
		refused(t, "audience", a.token(c.exchangeForm(code, "audience", "https://other.example/api")), 400, "invalid_target")
		got := a.tokens(a.token(c.exchangeForm(code, "scope", everything)))
		if strings.Contains(got.Scope, "create") || strings.Contains(got.Scope, "offline_access") {
			t.Errorf("scope at the token call widened the grant: %q", got.Scope)
		}
		if aud := part(t, got.Access, 1)["aud"]; aud != base+"/api" {
			t.Errorf("aud = %v", aud)
		}
	},
	"TK-32": func(t *testing.T) {
		a, c := newAgent(t), native()
		got := a.granted(c, ada)
		head, body := part(t, got.ID, 0), part(t, got.ID, 1)
		// CONTRACT: ID tokens are "signed RS256 by default" and carry sid.
		if head["alg"] != "RS256" || head["kid"] == nil {
			t.Errorf("header %v", head)
		}
		for claim, want := range map[string]any{"iss": issuer, "sub": "usr_ada", "aud": c.id, "nonce": "n-0S6_WzA2Mj", "at_hash": halfHash(got.Access)} {
			if body[claim] != want {
				t.Errorf("%s = %v, want %v", claim, body[claim], want)
			}
		}
		now := float64(time.Now().Unix())
		if exp, iat, at := body["exp"].(float64), body["iat"].(float64), body["auth_time"].(float64); exp <= now || iat > now+60 || at > iat || body["sid"] == nil {
			t.Errorf("exp %v iat %v auth_time %v sid %v", exp, iat, at, body["sid"])
		}
		if acr := fmt.Sprint(body["acr"]); !slices.Equal(strs(a.get(discovery).json(t)["acr_values_supported"]), []string{acr}) { // OIDC Discovery 3
			t.Errorf("acr = %s, and the metadata does not say so", acr)
		}
		if amr := strs(body["amr"]); !slices.Equal(amr, []string{"pwd"}) { // RFC 8176 2
			t.Errorf("amr = %v, and a password was typed", amr)
		}
	},
	"TK-35": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, at := range []answer{
			a.token(url.Values{}), a.token(c.exchangeForm("x")), a.token(c.refreshForm("x")), a.token(cron().with(clone(machineGrant), "scope", "x")),
			a.do("POST", "/oauth/token", "%zz=%zz", "Content-Type", "application/x-www-form-urlencoded"),
		} {
			if at.StatusCode < 400 || at.StatusCode >= 500 {
				t.Errorf("%d", at.StatusCode)
			}
			refused(t, "error", at, at.StatusCode, fmt.Sprint(at.json(t)["error"])) // its form
			for _, leak := range []string{"fosite", "sql", ".go", "panic", "error_debug", "error_hint", "goroutine"} {
				if strings.Contains(at.body, leak) {
					t.Errorf("the answer holds %q: %s", leak, at.body)
				}
			}
		}
	},
}

// tooMuch sends a body that the server may stop reading; the status is 0 if
// the connection ended without an answer.
func (a *agent) tooMuch(path, kind, body string, header ...string) int {
	a.t.Helper()
	r, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := a.http.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TK-29 is the last line of cases.tsv: after it nobody can use this client from
// here for a while.
func init() {
	tokenEndpoint["TK-29"] = func(t *testing.T) {
		a := newAgent(t)
		throttled := 0
		for range 100 {
			at := a.token((&client{id: "timesheets-gateway", secret: "guess"}).with(clone(machineGrant)))
			if at.StatusCode == http.StatusTooManyRequests {
				throttled++
				if s, err := strconv.Atoi(at.Header.Get("Retry-After")); err != nil || s < 1 {
					t.Fatalf("Retry-After %q, want seconds", at.Header.Get("Retry-After"))
				}
			}
		}
		if throttled == 0 {
			t.Error("100 wrong secrets and never slowed")
		}
		a.tokens(a.token(cron().with(clone(machineGrant)))) // others are served
	}
}
