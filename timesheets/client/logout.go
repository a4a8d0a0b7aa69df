package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

type logoutCmd struct{ Target }

// Run revokes first and forgets then, whatever came of the first: whoever says
// "sign out" wants no token of theirs to stay on this computer.
func (c *logoutCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	found, err := a.session()
	if err != nil {
		return err
	}
	unlock, err := a.vault.lock(ctx, found.Issuer)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := a.session() // the newest: another command may have renewed it meanwhile
	if err != nil {
		return err
	}
	revoked := a.revoke(ctx, s)
	if err := a.vault.forget(s.Issuer); err != nil {
		return err
	}
	if revoked == nil {
		_, err := fmt.Fprintf(a.Out, "Signed out of %s. The session is revoked there and forgotten here.\n", a.server)
		return err
	}
	reason := "the server refused"
	if errors.Is(revoked, errOffline) {
		reason = "the server did not answer"
	}
	return fail(fmt.Sprintf("The session is forgotten here, but %s, so it could not be revoked there.", reason),
		"Nobody uses it any more, and it ends when it has been idle for long enough.").because(revoked)
}

// revoke is RFC 7009 2.1. With the refresh token goes all that came of the
// same sign-in.
func (a *app) revoke(ctx context.Context, s *session) error {
	server, err := a.wire.discover(ctx)
	if err != nil {
		return err
	}
	if server.Revocation == "" {
		return errors.New("the server revokes nothing")
	}
	form := url.Values{"client_id": {s.ClientID}, "token": {s.Refresh}, "token_type_hint": {"refresh_token"}}
	if s.Refresh == "" {
		form = url.Values{"client_id": {s.ClientID}, "token": {s.Access}, "token_type_hint": {"access_token"}}
	}
	got, err := a.wire.post(ctx, server.Revocation, form)
	if err != nil {
		return err
	}
	// RFC 7009 2.2: 200 for a token that was good and for one that was not.
	if got.status != http.StatusOK {
		return got.oauth()
	}
	return nil
}
