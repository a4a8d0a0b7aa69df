package auth

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// nonceInstead decides about an authorization request without a challenge, of
// a client that is registered for that. RFC 9700 2.1.1: confidential OpenID
// Connect clients MAY use the nonce and the claim in the ID token instead of
// PKCE; without either of them nobody would notice a code that was injected.
func (s *Server) nonceInstead(ctx context.Context, v url.Values) *oauth.Error {
	oidc := slices.Contains(strings.Fields(v.Get("scope")), "openid")
	got := "no openid"
	if oidc {
		got = ledger.Fingerprint("nonce", v.Get("nonce"))
	}
	if !s.check(ctx, rules.NonceInPlace, oidc && v.Get("nonce") != "", "openid and a nonce, or a code_challenge", got) {
		return oauth.NewError("invalid_request", "This client may leave out code_challenge only where it sends a nonce and asks for openid. Send both of these, or a code_challenge.")
	}
	return nil
}

// withoutPKCE names the other way out to a client that can have it.
func withoutPKCE(client *store.Client) string {
	if client.IsPublic() || !client.RequirePKCE {
		return ""
	}
	return " If its library cannot, a client with a secret can be declared with require_pkce: false, and then sends a nonce instead."
}
