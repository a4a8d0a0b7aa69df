package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// presentedKey leads to what a token request presents, so that what fosite
// compares with it stands in the ledger line by line.
type presentedKey struct{}

type presented struct {
	form   url.Values
	looked map[string]bool // fosite asks for the same thing more than once
}

func (p *presented) first(what string) bool {
	seen := p.looked[what]
	p.looked[what] = true
	return !seen
}

func withPresented(ctx context.Context, form url.Values) context.Context {
	return context.WithValue(ctx, presentedKey{}, &presented{form: form, looked: map[string]bool{}})
}

// checkOnce decides each time, and reports the first time alone.
func (s *Server) checkOnce(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool {
	if p, known := ctx.Value(presentedKey{}).(*presented); known && !p.first(rule.ID) {
		return ok
	}
	return s.check(ctx, rule, ok, expected, got)
}

// guarded passes on what a request presents, used or not, only where it may.
func (s fositeStore) guarded(ctx context.Context, k presentedKind, r fosite.Requester, err error) (fosite.Requester, error) {
	if r == nil {
		return nil, err
	}
	if refused := s.mayPresent(ctx, r, k); refused != nil {
		return nil, refused
	}
	return r, err
}

// GetAuthorizeCodeSession holds the request to what the code is tied to, and
// reports its redirect URI: fosite refuses one that differs.
func (s fositeStore) GetAuthorizeCodeSession(ctx context.Context, code string, session fosite.Session) (fosite.Requester, error) {
	r, err := s.Store.GetAuthorizeCodeSession(ctx, code, session)
	r, err = s.guarded(ctx, aCode, r, err)
	if p, ok := ctx.Value(presentedKey{}).(*presented); ok && err == nil && p.first("code") {
		if asked := r.GetRequestForm().Get("redirect_uri"); asked != "" {
			// RFC 6749 4.1.3: if redirect_uri was in the authorization request, the same one is REQUIRED here.
			sent := p.form.Get("redirect_uri")
			s.check(ctx, rules.RedirectOfRequest, sent == asked, asked, sent)
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
			got = ledger.Fingerprint("challenge", made)
		}
		s.check(ctx, rules.Verifier, made == challenge, ledger.Fingerprint("challenge", challenge), got)
	}
	return r, err
}
