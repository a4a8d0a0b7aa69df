package auth

import (
	"context"
	"errors"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/store"
)

// writeCode is what issue writes, in the unit that ctx carries.
func (s *Server) writeCode(ctx context.Context, f *flow, who *signedIn, scopes []string) (string, error) {
	q := &f.Request
	if err := s.stillGiven(ctx, f, who, scopes); err != nil {
		return "", err
	}
	client, err := s.store.Client(ctx, q.ClientID)
	if err != nil {
		return "", clientGone(err)
	}
	g := grantOf(f, who, client, scopes)
	g.ID = back.NewGrantID()
	g.RedirectURI, g.RedirectSent, g.Challenge, g.Nonce, g.JKT = q.RedirectURI, q.Sent, q.Challenge, q.Nonce, q.JKT
	if err := s.takeFlow(ctx, f, who, g.ID); err != nil {
		return "", err
	}
	code, err := s.back.IssueCode(ctx, g)
	if err == nil {
		err = errors.Join(s.registrar.InUse(ctx, client), s.servedThen(ctx, f, scopes))
	}
	return code, err
}

// grantOf is what this person allows to the client of the flow.
func grantOf(f *flow, who *signedIn, client *store.Client, scopes []string) back.Grant {
	return back.Grant{
		Client: client, Subject: who.ID, SID: who.Session.ID, AuthTime: who.Session.AuthTime, AMR: who.Session.AMR,
		Asked: f.Request.asked(), Scopes: scopes, Audience: f.Request.Audience,
	}
}
