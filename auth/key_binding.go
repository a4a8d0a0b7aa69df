package auth

import (
	"context"
	"net/http"
	"net/url"
	"regexp"

	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// RFC 9449 10: a client may say with its authorization request by which key its
// code will be redeemed.

// thumbprintForm is a SHA-256 in base64url, as RFC 9449 10 has it.
var thumbprintForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// parseJKT reads dpop_jkt, by which a client says beforehand which key it will
// prove: the code is then worth nothing without it.
func (s *Server) parseJKT(ctx context.Context, q *authorizationRequest, v url.Values) *oauth.Error {
	q.JKT = v.Get("dpop_jkt")
	if q.JKT == "" {
		return nil
	}
	if !s.check(ctx, rules.ThumbprintForm, thumbprintForm.MatchString(q.JKT), "43 base64url characters", ledger.Clip(q.JKT)) {
		return oauth.NewError("invalid_request", "dpop_jkt must be the SHA-256 thumbprint of a JWK in base64url, 43 characters.")
	}
	return nil
}

// proveForCode lets a proof beside a pushed request say what dpop_jkt says,
// RFC 9449 10.1.
func (s *Server) proveForCode(w http.ResponseWriter, r *http.Request, client *store.Client, form url.Values) error {
	jkt, err := s.back.Proven(w, r, client)
	if jkt == "" || err != nil {
		return err
	}
	sent := form.Get("dpop_jkt")
	if !s.check(r.Context(), rules.ThumbprintProved, sent == "" || sent == jkt, dpop.Name(jkt), dpop.Name(sent)) {
		return oauth.NewError(dpop.InvalidProof, "dpop_jkt names another key than that of the DPoP proof.")
	}
	form.Set("dpop_jkt", jkt)
	return nil
}
