package auth

import (
	"context"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/ledger"
)

// The authentication context classes that this server can vouch for. OIDC Core
// 2 wants an absolute URI that both sides can look up: these are those of SAML
// 2.0 (Authentication Context 3.4.3 and 3.4.4), which say a password, over
// http or over https, and no more.
const (
	acrPassword          = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
	acrPasswordProtected = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
)

// acrSupported is how surely this server knows who is there, and all that it can offer.
func (s *Server) acrSupported() string {
	if s.secure {
		return acrPasswordProtected
	}
	return acrPassword
}

// acr is what a sign-in by these methods (RFC 8176) amounts to; "" where they
// are not known, and then no token says anything of it.
func (s *Server) acr(amr []string) string {
	if slices.Contains(amr, "pwd") {
		return s.acrSupported()
	}
	return ""
}

// noteACR: OIDC Core 3.1.2.1, acr_values asks for a class voluntarily. Nobody
// is turned away for one that this server does not have; the claim acr says
// what the sign-in was worth, and the client decides.
func (s *Server) noteACR(ctx context.Context, values string) {
	if values != "" {
		s.check(ctx, rules.ACRVoluntary, true, s.acrSupported(), strings.Join(strings.Fields(ledger.Clip(values)), " "))
	}
}
