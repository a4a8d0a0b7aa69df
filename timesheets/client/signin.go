package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"
)

// signIn is one authorization request, from its making to its tokens.
type signIn struct {
	wire     *wire
	server   *metadata
	client   string
	redirect string
	api      string // the resource, RFC 8707
	scopes   []string
	hint     string // who is expected, OIDC Core 3.1.2.1 login_hint
	fresh    bool   // the password is asked for, however lately it was given

	begun                  time.Time
	state, nonce, verifier string
}

// begin makes the three values that tie everything that comes back to this
// very request. Each is 32 random bytes, as RFC 7636 7.1 recommends.
func (s *signIn) begin(now time.Time) {
	s.begun, s.state, s.nonce, s.verifier = now, random(), random(), random()
}

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// url is the authorization request of RFC 6749 4.1.1, for the browser.
func (s *signIn) url() string {
	challenge := sha256.Sum256([]byte(s.verifier))
	q := url.Values{
		"response_type":         {"code"}, // RFC 8252 8.2: the implicit grant cannot be protected by PKCE
		"client_id":             {s.client},
		"redirect_uri":          {s.redirect},
		"scope":                 {strings.Join(s.scopes, " ")},
		"resource":              {s.api},
		"state":                 {s.state},                                            // RFC 8252 8.9
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])}, // RFC 7636 4.2
		"code_challenge_method": {"S256"},
	}
	if s.openid() {
		q.Set("nonce", s.nonce)
	}
	if s.hint != "" {
		q.Set("login_hint", s.hint)
	}
	if s.fresh {
		q.Set("prompt", "login")
		q.Set("max_age", "0") // OIDC Core 3.1.2.1: so that auth_time is in the ID token, to be checked
	}
	separator := "?"
	if strings.Contains(s.server.Authorization, "?") {
		separator = "&" // RFC 6749 3.1: what is there is kept
	}
	return s.server.Authorization + separator + q.Encode()
}

func (s *signIn) openid() bool { return slices.Contains(s.scopes, "openid") }

// receive checks the authorization response and returns its code.
func (s *signIn) receive(q url.Values) (string, error) {
	for _, name := range []string{"state", "iss", "code", "error"} {
		if len(q[name]) > 1 { // RFC 6749 3.1: or two readers see two answers
			return "", notOurs("it says " + name + " twice")
		}
	}
	// RFC 8252 8.9: without it, somebody else's code would sign this person in
	// as somebody else. Errors are held to it too.
	if q.Get("state") != s.state {
		return "", notOurs("it does not carry the state that was sent")
	}
	// RFC 9207 2.4, RFC 8252 8.10: compared byte for byte. Another issuer means
	// that a mix-up is under way, and the code must go nowhere.
	if (s.server.NamesItselfInResponse || q.Has("iss")) && q.Get("iss") != s.server.Issuer {
		return "", notOurs("it does not come from " + s.server.Issuer)
	}
	if q.Has("error") {
		return "", &oauthError{q.Get("error"), q.Get("error_description")}
	}
	if q.Get("code") == "" {
		return "", notOurs("it has no code")
	}
	return q.Get("code"), nil
}

func notOurs(why string) *failure {
	return fail("This answer does not belong to the sign-in: "+why+".", "")
}

// exchange changes the code for tokens, RFC 6749 4.1.3. The verifier shows that
// the program that asked is the one that has the code now (RFC 7636 4.5).
func (s *signIn) exchange(ctx context.Context, code string) (*tokens, *person, error) {
	t, err := s.wire.tokenRequest(ctx, s.server, s.client, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.redirect}, "code_verifier": {s.verifier},
	})
	if err != nil {
		return nil, nil, err
	}
	return s.believe(ctx, t, expectation{nonce: s.nonce, after: s.freshAfter()})
}

// believe checks who the tokens say has signed in.
func (s *signIn) believe(ctx context.Context, t *tokens, want expectation) (*tokens, *person, error) {
	if t.Scope == "" {
		t.Scope = strings.Join(s.scopes, " ") // RFC 6749 5.1: left out where it is what was asked for
	}
	if !s.openid() {
		return t, &person{}, nil
	}
	who, err := s.wire.identify(ctx, s.server, s.client, t, want)
	return t, who, err
}

// freshAfter is when the password must have been given at the earliest.
func (s *signIn) freshAfter() time.Time {
	if !s.fresh {
		return time.Time{}
	}
	return s.begun
}
