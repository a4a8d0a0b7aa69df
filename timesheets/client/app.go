package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

const defaultServer = "http://localhost:8484"

// Terminal is where the commands write: what was asked for, and what is said
// about it. The two are apart, so that a script reads the first alone.
type Terminal struct{ Out, Err io.Writer }

// Target is the one flag that every command has.
type Target struct {
	Server string `env:"PUNCHCARD_SERVER" default:"http://localhost:8484" placeholder:"URL" help:"The Punchcard to talk to; http://localhost:8484. Use https for one beyond this computer; http there is not encrypted, and a warning says so."`
}

// app is one run of a command: a person at a terminal, and the server they mean.
type app struct {
	Terminal
	server string
	vault  vault
	wire   *wire
}

func (t Target) app(out Terminal) (*app, error) {
	if err := address(t.Server); err != nil {
		return nil, err
	}
	// RFC 6749 3.1 and 3.2 require TLS; on this computer nobody is in between.
	warnOfPlainHTTP(out, t.Server)
	vault, err := openVault()
	if err != nil {
		return nil, err
	}
	return &app{Terminal: out, server: t.Server, vault: vault, wire: newWire(t.Server)}, nil
}

// warnOfPlainHTTP says what an address beyond this computer gives away.
func warnOfPlainHTTP(out Terminal, address string) {
	if inTheClear(address) {
		fmt.Fprintf(out.Err, "Warning: %s is not encrypted. Anyone on the way can read and change what is sent, your tokens too. Use https.\n", plain(address))
	}
}

// session is the one that is stored, fresh or not.
func (a *app) session() (*session, error) {
	s, err := a.vault.find(a.server)
	if err == nil && s == nil {
		return nil, fail("You are not signed in to "+a.server+".", "Sign in: "+a.command("login"))
	}
	return s, err
}

// signedIn is a session whose access token can be used now.
func (a *app) signedIn(ctx context.Context) (*session, error) {
	s, err := a.session()
	if err != nil || s.fresh(time.Now()) {
		return s, err
	}
	return a.renew(ctx, s)
}

// renew gets the next tokens, RFC 6749 6, in place of those that are spent.
// However many commands want it at once, one of them does it and the others
// find what it has stored.
func (a *app) renew(ctx context.Context, spent *session) (*session, error) {
	unlock, err := a.vault.lock(ctx, spent.Issuer)
	if err != nil {
		return nil, err
	}
	defer unlock()
	s, err := a.session() // again, now that nobody can change it
	if err != nil || s.Access != spent.Access && s.fresh(time.Now()) {
		return s, err
	}
	if s.Refresh == "" {
		return nil, fail("Your session at "+a.server+" has expired. It had no refresh token, because staying signed in was not allowed.",
			"Sign in again: "+a.command("login"))
	}
	// From here on Ctrl-C has to wait: an answer that is not stored is lost, and
	// the refresh token that asked for it is spent.
	ctx = context.WithoutCancel(ctx)
	server, err := a.wire.discover(ctx)
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.Refresh}, "resource": {s.API}}
	t, err := a.wire.tokenRequest(ctx, server, s.ClientID, form)
	if errors.Is(err, errOffline) {
		// The answer may be what got lost. A server that allows for that gives the
		// same one again; for any other, this token is spent with or without us.
		t, err = a.wire.tokenRequest(ctx, server, s.ClientID, form)
	}
	if err != nil {
		return nil, a.notRenewed(s, err)
	}
	s.adopt(t)
	return s, a.vault.save(s)
}

func (a *app) notRenewed(s *session, err error) error {
	var refused *oauthError
	if !errors.As(err, &refused) {
		return err
	}
	// RFC 6749 5.2: expired, revoked, or used before. The last can be an earlier
	// command whose answer got lost; only a new sign-in helps in any case.
	if refused.Code == "invalid_grant" {
		if err := a.vault.forget(s.Issuer); err != nil {
			return err
		}
		return fail("Your session at "+a.server+" has ended: it was idle for too long, it was revoked, or an answer of the server got lost.",
			"Sign in again: "+a.command("login")).because(err)
	}
	return fail("The session could not be renewed: "+refused.Error()+".", "Try again in a moment.").because(err)
}
