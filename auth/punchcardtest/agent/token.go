package agent

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Tokens is a successful response of the token endpoint, RFC 6749 5.1.
type Tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Type    string `json:"token_type"`
	Scope   string `json:"scope"`
	Expires int    `json:"expires_in"`
}

// Exchange redeems a code.
func (b *Browser) Exchange(c *App, code string) Answer {
	b.T.Helper()
	return b.Do(http.MethodPost, "/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {c.ID}, "code": {code}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier},
	})
}

// Refresh uses a refresh token. Extra pairs are further parameters.
func (b *Browser) Refresh(c *App, token string, extra ...string) Answer {
	b.T.Helper()
	body := url.Values{"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {token}}
	for i := 0; i+1 < len(extra); i += 2 {
		body.Set(extra[i], extra[i+1])
	}
	return b.Do(http.MethodPost, "/oauth/token", body)
}

// Tokens reads a response that must contain tokens.
func (b *Browser) Tokens(a Answer) Tokens {
	b.T.Helper()
	if a.StatusCode != http.StatusOK {
		b.T.Fatalf("no tokens: %d %s", a.StatusCode, a.Text)
	}
	var out Tokens
	if err := json.Unmarshal([]byte(a.Text), &out); err != nil {
		b.T.Fatal(err)
	}
	return out
}

// SignedUp runs the happy path in one line.
func (b *Browser) SignedUp(c *App, email string) Tokens {
	b.T.Helper()
	return b.Tokens(b.Exchange(c, b.Code(c, email)))
}

// API calls the Timesheets API.
func (b *Browser) API(method, path, token, body string) Answer {
	b.T.Helper()
	r, err := http.NewRequest(method, b.Base()+"/api"+path, strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return b.Send(r)
}

// Introspect asks about a token, as the seed's gateway.
func (b *Browser) Introspect(token string) Answer {
	b.T.Helper()
	return b.Do("POST", "/oauth/introspect", url.Values{"client_id": {"timesheets-gateway"}, "client_secret": {"timesheets-gateway-secret"}, "token": {token}})
}

// KeyIDs returns the kids of the JWK set.
func (b *Browser) KeyIDs() (kids []string) {
	b.T.Helper()
	var set struct {
		Keys []struct{ Kid string }
	}
	if err := json.Unmarshal([]byte(b.Get("/.well-known/jwks.json").Text), &set); err != nil {
		b.T.Fatal(err)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// Refused checks that a response is this OAuth error, RFC 6749 5.2.
func Refused(t testing.TB, a Answer, status int, code string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status = %d, want %d: %s", a.StatusCode, status, a.Text)
	}
	if got := a.JSON(t)["error"]; got != code {
		t.Errorf("error = %v, want %s", got, code)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", a.Header.Get("Cache-Control"))
	}
}

// Claims decodes the header (part 0) or the claims (1) of a JWT.
func Claims(t testing.TB, token string, part int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
