package back

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// fosite compares what a token request presents with what its code is bound to.
// The storage reports each comparison, so that it stands in the ledger by itself.

// checkOnce decides each time, and reports the first time alone.
func (s *Channel) checkOnce(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool {
	if q := tokenRequestOf(ctx); q != nil && !q.first(rule.ID) {
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
	if q := tokenRequestOf(ctx); q != nil && err == nil && q.first(rules.RedirectOfRequest.ID) {
		if asked := r.GetRequestForm().Get("redirect_uri"); asked != "" {
			// RFC 6749 4.1.3: if redirect_uri was in the authorization request, the same one is REQUIRED here.
			s.check(ctx, rules.RedirectOfRequest, q.RedirectURI == asked, asked, q.RedirectURI)
		}
	}
	return r, err
}

// GetPKCERequestSession reports whether the verifier gives the challenge.
// fosite refuses one that does not.
func (s fositeStore) GetPKCERequestSession(ctx context.Context, code string, session fosite.Session) (fosite.Requester, error) {
	r, err := s.Store.GetPKCERequestSession(ctx, code, session)
	if q := tokenRequestOf(ctx); q != nil && err == nil && q.first(rules.Verifier.ID) {
		challenge, got := r.GetRequestForm().Get("code_challenge"), "no code_verifier"
		made := ""
		if q.Verifier != "" {
			sum := sha256.Sum256([]byte(q.Verifier))
			made = base64.RawURLEncoding.EncodeToString(sum[:])
			got = ledger.Fingerprint("challenge", made)
		}
		s.check(ctx, rules.Verifier, made == challenge, ledger.Fingerprint("challenge", challenge), got)
	}
	return r, err
}
