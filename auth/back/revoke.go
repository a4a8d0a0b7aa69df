package back

import (
	"errors"
	"net/http"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// Revoke is the revocation endpoint, RFC 7009. An unknown token is answered
// like a revoked one (2.2): either way it is dead.
func (s *Channel) Revoke(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.ClientForm(s.ledger, w, r)
	if ferr != nil {
		return ferr
	}
	client, err := s.Authenticate(r.Context(), r, form)
	if err != nil {
		return err
	}
	if !form.Has("token") {
		return oauth.NewError("invalid_request", "token is missing.")
	}
	ctx := r.Context()
	// A used refresh token ends its family as well: the store says why. fosite
	// takes it for dead already, and leaves its successors alive.
	err = s.store.RevokeToken(ctx, form.Get("token"), client.ID)
	if errors.Is(err, store.ErrOtherClient) {
		// RFC 7009 2.1: refused and the client is informed; the token stays.
		return oauth.NewError("invalid_grant", "This token was issued to another client.").Because(err)
	}
	if oauth.Unavailable(err) {
		// RFC 7009 2.2.1: 503, the client must assume the token still exists.
		return oauth.NewError("temporarily_unavailable", "The token could not be revoked. Try again in a few seconds.").Because(err)
	}
	if err != nil {
		return err
	}
	s.check(ctx, rules.TokenRevoked, true, "dead from now on", ledger.Fingerprint("token", form.Get("token")))
	// RFC 7009 2.2: the body is ignored. Some clients read JSON from any answer of
	// a token server, and fail where there is none.
	oauth.WriteJSON(w, http.StatusOK, struct{}{})
	return nil
}
