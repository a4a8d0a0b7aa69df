package crash

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// app is a registered client.
type app struct{ id, redirect, scope string }

// A browser app's consent is remembered, so that codes cost no password; a
// native app is never waved through (RFC 8252 8.6) and shows both forms.
var (
	spa    = app{"timesheets-spa", "http://localhost:5173/callback", "offline_access read:timesheets create:timesheets delete:timesheets"}
	boss   = app{"timesheets-spa", "http://localhost:5173/callback", "offline_access read:timesheets approve:timesheets"}
	native = app{"timesheets-mobile", "http://127.0.0.1:49152/callback", "openid offline_access read:timesheets"}
)

// pass is an authorization code with what is needed to redeem it.
type pass struct {
	app            app
	code, verifier string
	tried          bool // redeemed once, without an answer
}

// authorize walks from the app to the app: the login form where it is shown,
// the consent form where it is shown, every box ticked. prompt may be "".
func (a *agent) authorize(c app, email, prompt string) (pass, error) {
	verifier := rand.Text() + rand.Text()
	a.s.vault.add("verifier", verifier)
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {c.redirect}, "scope": {c.scope}, "state": {rand.Text()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	page, err := a.follow(a.get("/authorize?" + q.Encode()))
	if err == nil && page.at.Path == "/login" {
		page, err = a.fill(page, url.Values{"email": {email}, "password": {password}}, false)
	}
	if err == nil && page.at.Path == "/consent" {
		page, err = a.fill(page, url.Values{"decision": {"allow"}}, true)
	}
	if err != nil {
		return pass{}, err
	}
	to, err := url.Parse(page.header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), c.redirect+"?") || to.Query().Get("code") == "" {
		return pass{}, &strange{page}
	}
	code := to.Query().Get("code")
	a.s.vault.add("code", code)
	return pass{app: c, code: code, verifier: verifier}, nil
}

func (a *agent) fill(page reply, with url.Values, tick bool) (reply, error) {
	action, values, ticked, err := page.form()
	if err != nil {
		return page, &strange{page}
	}
	if tick {
		for name, v := range ticked {
			values[name] = v
		}
	}
	for name, v := range with {
		values[name] = v
	}
	return a.follow(a.post(action, values))
}

// strange is an answer that this request must not get.
type strange struct{ reply }

func (s *strange) Error() string { return "unexpected answer from " + s.String() }

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

// tokenCall is any request for tokens. Without an error, tokens were given.
func (a *agent) tokenCall(form url.Values) (tokens, error) {
	r, err := a.post("/oauth/token", form)
	if err != nil {
		return tokens{}, err
	}
	var got tokens
	if r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &got) != nil || got.Access == "" {
		return tokens{}, &strange{r}
	}
	a.s.vault.add("access token", got.Access)
	a.s.vault.add("refresh token", got.Refresh)
	a.s.vault.add("ID token", got.ID)
	return got, nil
}

func (a *agent) exchange(p pass) (tokens, error) {
	return a.tokenCall(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {p.app.id}, "redirect_uri": {p.app.redirect}, "code": {p.code}, "code_verifier": {p.verifier},
	})
}

func (a *agent) refresh(c app, token string) (tokens, error) {
	return a.tokenCall(url.Values{"grant_type": {"refresh_token"}, "client_id": {c.id}, "refresh_token": {token}})
}

func (a *agent) machine() (tokens, error) {
	return a.tokenCall(url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {cronSecret}})
}

func (a *agent) revoke(c app, token string) (reply, error) {
	return a.post("/oauth/revoke", url.Values{"client_id": {c.id}, "token": {token}})
}

// alive asks the API and the introspection endpoint whether an access token is
// good, and insists that both say the same.
func (a *agent) alive(token string) (bool, error) {
	me, err := a.api(http.MethodGet, "/me", token, "")
	if err != nil {
		return false, err
	}
	r, err := a.send(http.MethodPost, "/oauth/introspect", "application/x-www-form-urlencoded", url.Values{"token": {token}}.Encode(),
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("timesheets-gateway:"+gatewaySecret)))
	if err != nil {
		return false, err
	}
	var says struct{ Active bool }
	if r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &says) != nil {
		return false, &strange{r}
	}
	if me.status != http.StatusOK && me.status != http.StatusUnauthorized {
		return false, &strange{me}
	}
	if says.Active != (me.status == http.StatusOK) {
		return false, fmt.Errorf("the API says %d, introspection says active=%v", me.status, says.Active)
	}
	return says.Active, nil
}

// spent says that a code or refresh token was refused as RFC 6749 5.2 wants it.
func spent(err error) bool {
	s, ok := err.(*strange)
	return ok && s.status == http.StatusBadRequest && strings.Contains(s.body, `"invalid_grant"`)
}
