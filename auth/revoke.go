package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/ory/fosite"
)

// revoke is the revocation endpoint, RFC 7009. An unknown token is answered
// like a revoked one (2.2): either way it is dead.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) error {
	form, ferr := s.clientForm(w, r)
	if ferr != nil {
		return ferr
	}
	client, err := s.authenticate(r.Context(), r, form)
	if err != nil {
		return err
	}
	if !form.Has("token") {
		return newError("invalid_request", "token is missing.")
	}
	ctx := context.WithValue(r.Context(), clientKey{}, client)
	err = s.fosite.NewRevocationRequest(ctx, tokenRequest(r, form))
	if errors.Is(err, fosite.ErrUnauthorizedClient) {
		// RFC 7009 2.1: refused and the client is informed; the token stays.
		return newError("invalid_grant", "This token was issued to another client.").because(err)
	}
	if errors.Is(err, fosite.ErrTemporarilyUnavailable) {
		// RFC 7009 2.2.1: 503, the client must assume the token still exists.
		return newError("temporarily_unavailable", "The token could not be revoked. Try again in a few seconds.").because(err)
	}
	if err != nil {
		return err
	}
	s.check(ctx, "token revoked", "RFC 7009 2.1", true, "dead from now on", fingerprint("token", form.Get("token")))
	w.WriteHeader(http.StatusOK)
	return nil
}
