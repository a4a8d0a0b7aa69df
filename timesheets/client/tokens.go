package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// tokens is the answer of the token endpoint, RFC 6749 5.1.
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
	ID      string `json:"id_token"`

	asked time.Time
}

// tokenRequest is RFC 6749 3.2. A native app has no secret to show (RFC 8252
// 8.5: one that is in every copy of a program is none), so it names itself.
func (w *wire) tokenRequest(ctx context.Context, m *metadata, client string, form url.Values) (*tokens, error) {
	form.Set("client_id", client)
	asked := time.Now() // before, so that our clock runs ahead of the server's and never behind
	got, err := w.post(ctx, m.Token, form)
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, got.oauth()
	}
	t := &tokens{asked: asked}
	// RFC 6749 7.1: a client must not use a token whose type it does not know.
	if err := got.json(t); err != nil || t.Access == "" || !strings.EqualFold(t.Type, "Bearer") {
		return nil, fail("The server's answer holds no bearer token.", "")
	}
	return t, nil
}

// lifetime: RFC 6749 5.1, where the server does not say it, little is assumed.
func (t *tokens) lifetime() time.Duration {
	if t.Expires <= 0 {
		return time.Minute
	}
	return time.Duration(min(t.Expires, 365*24*3600)) * time.Second
}
