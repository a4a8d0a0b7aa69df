package stack

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/exampleco/punchcard/auth"
	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/timesheets"
)

// adapter is the seam between the two servers: it turns what the authorization
// server says of a token into what the API wants to know. Put JWKS over HTTP
// in its place and the API runs in a process of its own, with any issuer.
type adapter struct {
	server   *auth.Server
	audience string
}

func (a adapter) Verify(ctx context.Context, token string) (timesheets.Caller, error) {
	t, err := a.server.Verify(ctx, token, a.audience)
	if bad := (*back.InvalidTokenError)(nil); errors.As(err, &bad) {
		return timesheets.Caller{}, timesheets.InvalidToken(bad.Reason)
	}
	return timesheets.Caller{Subject: t.Subject, ClientID: t.ClientID, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt, Machine: t.Machine, Email: t.Email, AuthTime: t.AuthTime, JKT: t.JKT}, err
}

// directory is the other half of the seam: who reports to whom is the
// authorization server's to say, and who exists is the document's, which
// declares everybody who can sign in.
type directory struct {
	*auth.Server
	document *seed.Document
}

// Known returns those of the ids that the document declares.
func (d directory) Known(_ context.Context, ids []string) (known []string, err error) {
	for _, p := range d.document.People {
		if slices.Contains(ids, p.ID) {
			known = append(known, p.ID)
		}
	}
	return known, nil
}

// controls are what the inspector's page may change.
type controls struct{ *rooms }

func (c controls) Viewer(q *http.Request) (string, bool, error) {
	v, err := c.auth.Viewer(q)
	return v.Name, v.Manager, err
}

func (c controls) Lifetimes() (access, refresh, code time.Duration) {
	l := c.auth.Lifetimes()
	return l.Access, l.Refresh, l.Code
}

func (c controls) SetLifetimes(access, refresh, code time.Duration) error {
	return c.auth.SetLifetimes(back.Lifetimes{Access: access, Refresh: refresh, Code: code})
}

func (c controls) Expire(ctx context.Context, hash string) (gone bool, err error) {
	switch _, err := c.auth.Expire(ctx, hash); {
	case errors.Is(err, auth.ErrNoHash), errors.Is(err, auth.ErrNoToken), errors.Is(err, auth.ErrNotAlive):
		return true, nil
	default:
		return false, err
	}
}

func (c controls) Reset(ctx context.Context) error { return c.reset(ctx) }
