package auth_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// The seed's story: Ada allows some of what the app asks for, the app reads
// and writes within it, and not beyond.
func TestCodeFlowWithPKCE(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()

	page := b.ConsentPage(c, "ada@example.com")
	boxes := page.Form(t).Boxes
	for scope, want := range map[string]string{
		"read:timesheets": "checked", "create:timesheets": "checked", "offline_access": "checked",
		"delete:timesheets": "", "approve:timesheets": "disabled", // an employee cannot give what she does not have
	} {
		if got, ok := boxes[scope]; !ok || got != want {
			t.Errorf("box %s is %q (drawn: %v), want %q", scope, got, ok, want)
		}
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://localhost:* http://127.0.0.1:*") {
		t.Errorf("form-action does not let the browser go back to the app: %s", policy)
	}

	// She unticks create, and somebody adds what was never hers.
	back := b.Decide(page, "allow", func(v url.Values) {
		v["scope"] = []string{"read:timesheets", "offline_access", "approve:timesheets", "batch:upload"}
	})
	got := b.Tokens(b.Exchange(c, b.Arrive(c, back).Get("code")))
	if want := "openid profile email offline_access read:timesheets"; got.Scope != want {
		t.Errorf("scope = %q, want %q", got.Scope, want)
	}
	if got.Type != "Bearer" || got.Expires > 900 || got.Expires < 890 { // what is left of 15 minutes when it is answered
		t.Errorf("token_type %q expires_in %d, want Bearer and 15 minutes", got.Type, got.Expires)
	}

	head, body := agent.Claims(t, got.Access, 0), agent.Claims(t, got.Access, 1)
	if head["typ"] != "at+jwt" || head["alg"] != "ES256" || head["kid"] == nil {
		t.Errorf("access token header %v, want typ at+jwt, ES256, kid (RFC 9068 2.1)", head)
	}
	for claim, want := range map[string]any{"iss": p.Issuer, "sub": "usr_ada", "aud": p.Base() + "/api", "client_id": c.ID, "scope": got.Scope, "email": "ada@example.com"} {
		if body[claim] != want {
			t.Errorf("claim %s = %v, want %v", claim, body[claim], want)
		}
	}
	for _, claim := range []string{"exp", "iat", "jti", "auth_time"} {
		if body[claim] == nil {
			t.Errorf("claim %s is missing", claim)
		}
	}
	head, body = agent.Claims(t, got.ID, 0), agent.Claims(t, got.ID, 1)
	if head["alg"] != "RS256" || body["aud"] != c.ID || body["nonce"] != "n-0S6_WzA2Mj" || body["sid"] == nil || body["at_hash"] == nil || body["name"] != "Ada Lovelace" {
		t.Errorf("ID token %v %v", head, body)
	}

	if a := b.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 200 || len(a.JSON(t)["items"].([]any)) == 0 {
		t.Errorf("read: %d %s", a.StatusCode, a.Text)
	}
	a := b.API("POST", "/timesheets", got.Access, `{"project":"Apollo","date":"2026-11-20","hours":2.5}`)
	if a.StatusCode != 403 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) || !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="create:timesheets"`) {
		t.Errorf("create without the scope: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	if a := b.API("GET", "/timesheets", "", ""); a.StatusCode != 401 || strings.Contains(a.Header.Get("WWW-Authenticate"), "error=") {
		t.Errorf("no token: %d %s, want 401 without error (RFC 6750 3.1)", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	called := b.Get("/.well-known/oauth-protected-resource/api/timesheets")
	if challenge := b.API("GET", "/timesheets", "", "").Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `resource_metadata="`+called.Request.URL.String()+`"`) {
		t.Errorf("the challenge does not point at the metadata (RFC 9728 5.1): %s", challenge)
	}
	for path, want := range map[string]agent.Answer{"/api": b.Get("/.well-known/oauth-protected-resource/api"), "/api/timesheets": called} {
		if m := want.JSON(t); m["resource"] != p.Base()+path || fmt.Sprint(m["authorization_servers"]) != "["+p.Issuer+"]" {
			t.Errorf("resource metadata: %s", want.Text)
		}
	}
	if a := b.API("GET", "/timesheets", got.ID, ""); a.StatusCode != 401 {
		t.Errorf("an ID token opened the API: %d (RFC 9068 4)", a.StatusCode)
	}
	if a := b.API("GET", "/timesheets", got.Refresh, ""); a.StatusCode != 401 {
		t.Errorf("a refresh token opened the API: %d", a.StatusCode)
	}
	if a := b.Get("/api/timesheets?access_token=" + got.Access); a.StatusCode != 401 {
		t.Errorf("a token in the URL opened the API: %d (RFC 9700 4.3.2)", a.StatusCode)
	}
}

func TestRefusal(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	page := b.ConsentPage(c, "ada@example.com")
	q := b.Arrive(c, b.Decide(page, "deny", nil))
	if q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("deny: %v, want access_denied (RFC 6749 4.1.2.1)", q)
	}
	// The back button brings the form back; the answer stays what it was.
	if a := b.Decide(page, "allow", nil); a.StatusCode != http.StatusConflict {
		t.Errorf("allowed after denied: %d, want 409", a.StatusCode)
	}
	// Nothing ticked at all is a refusal, identity alone is not.
	only := agent.Mobile()
	only.Scope = "read:timesheets create:timesheets"
	q = b.Arrive(only, b.Decide(b.ConsentPage(only, ""), "allow", func(v url.Values) { v.Del("scope") }))
	if q.Get("error") != "access_denied" {
		t.Errorf("nothing granted: %v, want access_denied", q)
	}
	q = b.Arrive(c, b.Decide(b.ConsentPage(c, ""), "allow", func(v url.Values) { v.Del("scope") }))
	if got := b.Tokens(b.Exchange(c, q.Get("code"))); got.Scope != "openid profile email" || got.Refresh != "" {
		t.Errorf("identity alone: scope %q, refresh token %v", got.Scope, got.Refresh != "")
	}
}

func TestCodeReplayKillsItsTokens(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	got := b.Tokens(b.Exchange(c, code))
	agent.Refused(t, b.Exchange(c, code), 400, "invalid_grant")
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("its access token still opens the API: %d (RFC 6749 4.1.2)", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// RFC 7636 4.6, and the downgrade that fosite leaves open: a wrong verifier
// first, none after it.
func TestVerifier(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	wrong := *c
	wrong.Verifier = strings.Repeat("w", 43)
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	wrong.Verifier = ""
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	wrong.Verifier = c.Verifier[:42]
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	wrong = *c
	wrong.Redirect = "http://127.0.0.1:49153/callback"
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant") // RFC 6749 4.1.3
	wrong = *c
	wrong.ID = "timesheets-app"
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	b.Tokens(b.Exchange(c, code)) // guesses of others do not lock the owner out
}

// An older OpenID Connect client, registered require_pkce: false, signs people
// in without a challenge: RFC 9700 2.1.1 lets its nonce do. It is no way round
// PKCE: what began with a challenge ends with its verifier, and a verifier
// without a challenge tells that somebody took the challenge out (4.8.2).
func TestOlderClientWithoutPKCE(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-legacy", "http://localhost:3000/callback", "openid offline_access read:timesheets"
	redeem := func(code, verifier string) agent.Answer {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.Redirect}}
		if verifier != "" {
			form.Set("code_verifier", verifier)
		}
		return b.Do("POST", "/oauth/token", form, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.ID+":timesheets-legacy-secret")))
	}
	none := []string{"code_challenge", "", "code_challenge_method", ""}

	got := b.Tokens(redeem(b.Code(c, "ada@example.com", append(none, "nonce", "of-this-sign-in")...), ""))
	if nonce := agent.Claims(t, got.ID, 1)["nonce"]; nonce != "of-this-sign-in" {
		t.Errorf("the ID token repeats the nonce %v, and that is all that protects this client", nonce)
	}
	if q := b.Arrive(c, b.Get(c.AuthorizeURL(append(none, "nonce", "")...))); q.Get("error") != "invalid_request" || !strings.Contains(q.Get("error_description"), "nonce") {
		t.Errorf("without challenge and nonce: %v", q)
	}

	code := b.Code(c, "", append(none, "nonce", "n")...)
	agent.Refused(t, redeem(code, c.Verifier), 400, "invalid_grant") // TK-06
	b.Tokens(redeem(code, ""))
	code = b.Code(c, "")
	agent.Refused(t, redeem(code, strings.Repeat("w", 43)), 400, "invalid_grant")
	agent.Refused(t, redeem(code, ""), 400, "invalid_grant") // TK-03
	b.Tokens(redeem(code, c.Verifier))

	public := agent.Mobile()
	if q := b.Arrive(public, b.Get(public.AuthorizeURL(append(none, "nonce", "n")...))); q.Get("error") != "invalid_request" {
		t.Errorf("a public client without a challenge: %v", q)
	}
}

// OWASP ASVS 10.4.3: a code lives a minute at most; RFC 6749 4.1.2: ten.
func codeLifetime(t *testing.T) {
	var w punchcardtest.Clock
	p := punchcardtest.New(t, punchcardtest.At(w.Now))
	b, c := p.Browser(t), agent.Mobile()
	early, late := b.Code(c, "ada@example.com"), b.Code(c, "ada@example.com")
	w.Move(50 * time.Second)
	b.Tokens(b.Exchange(c, early))
	w.Move(11 * time.Second)
	agent.Refused(t, b.Exchange(c, late), 400, "invalid_grant")
}

func TestFlowsCannotBeTaken(t *testing.T) {
	p := punchcardtest.New(t)
	ada, eve, c := p.Browser(t), p.Browser(t), agent.Mobile()
	page := ada.ConsentPage(c, "ada@example.com")
	eve.SignIn(eve.Get("/login"), "alan@example.com", "timesheets")
	if a := eve.Get(page.Request.URL.RequestURI()); a.StatusCode != 403 {
		t.Errorf("another browser got the consent page: %d", a.StatusCode)
	}
	if a := eve.Decide(page, "allow", nil); a.StatusCode != 403 {
		t.Errorf("another browser decided: %d", a.StatusCode)
	}
	// Alan signs in to Ada's browser while her consent page is open.
	ada.SignIn(ada.Get("/login"), "alan@example.com", "timesheets")
	if a := ada.Decide(page, "allow", nil); a.StatusCode != 403 {
		t.Errorf("Alan granted what was shown to Ada: %d", a.StatusCode)
	}
	f := page.Form(t)
	f.Values.Set("decision", "allow")
	if a := ada.Do("POST", f.Action, f.Values, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); a.StatusCode != 403 {
		t.Errorf("a consent form from another site: %d", a.StatusCode)
	}
	if a := ada.Do("POST", "/login", url.Values{"email": {"ada@example.com"}, "password": {"timesheets"}}, "Sec-Fetch-Site", "same-site", "Origin", "http://localhost:9"); a.StatusCode != 403 {
		t.Errorf("a login form from another port: %d", a.StatusCode)
	}
	if a := ada.Get("/authorize?flow=nonsense"); a.StatusCode != 400 {
		t.Errorf("an invented flow: %d", a.StatusCode)
	}
}
