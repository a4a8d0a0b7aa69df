package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"

	"github.com/ory/fosite"
)

// presentedKey leads to what a token request presents, so that what fosite
// compares with it stands in the ledger line by line.
type presentedKey struct{}

type presented struct {
	client string
	form   url.Values
	looked map[string]bool // fosite asks for the same thing more than once
}

func (p *presented) first(what string) bool {
	seen := p.looked[what]
	p.looked[what] = true
	return !seen
}

func withPresented(ctx context.Context, client string, form url.Values) context.Context {
	return context.WithValue(ctx, presentedKey{}, &presented{client: client, form: form, looked: map[string]bool{}})
}

// GetAuthorizeCodeSession reports what the code is bound to. fosite refuses a
// request that differs.
func (s fositeStore) GetAuthorizeCodeSession(ctx context.Context, code string, session fosite.Session) (fosite.Requester, error) {
	r, err := s.Store.GetAuthorizeCodeSession(ctx, code, session)
	if p, ok := ctx.Value(presentedKey{}).(*presented); ok && err == nil && p.first("code") {
		// RFC 6749 4.1.3: otherwise one app could spend what another one lost.
		s.check(ctx, "code belongs to this client", "RFC 6749 4.1.3", r.GetClient().GetID() == p.client, r.GetClient().GetID(), p.client)
		if asked := r.GetRequestForm().Get("redirect_uri"); asked != "" {
			// RFC 6749 4.1.3: if redirect_uri was in the authorization request, the same one is REQUIRED here.
			sent := p.form.Get("redirect_uri")
			s.check(ctx, "redirect_uri of the request exact", "RFC 6749 4.1.3", sent == asked, asked, sent)
		}
	}
	return r, err
}

// GetPKCERequestSession reports whether the verifier gives the challenge.
// fosite refuses one that does not.
func (s fositeStore) GetPKCERequestSession(ctx context.Context, code string, session fosite.Session) (fosite.Requester, error) {
	r, err := s.Store.GetPKCERequestSession(ctx, code, session)
	if p, ok := ctx.Value(presentedKey{}).(*presented); ok && err == nil && p.first("verifier") {
		challenge, got := r.GetRequestForm().Get("code_challenge"), "no code_verifier"
		made := ""
		if verifier := p.form.Get("code_verifier"); verifier != "" {
			sum := sha256.Sum256([]byte(verifier))
			made = base64.RawURLEncoding.EncodeToString(sum[:])
			got = fingerprint("challenge", made)
		}
		// RFC 7636 4.6: S256 of the verifier has to be the challenge, or whoever catches a code can use it.
		s.check(ctx, "code_verifier", "RFC 7636 4.6", made == challenge, fingerprint("challenge", challenge), got)
	}
	return r, err
}
