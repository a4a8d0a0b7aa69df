package client

import (
	"context"
	"fmt"
)

type tokenCmd struct {
	Target
	Output
	Decode bool `help:"Say what is in it instead, in plain words."`
}

// Run prints the access token, as in
//
//	curl -H "Authorization: Bearer $(punchcard token)" …
//
// The refresh token is never shown: nobody has a use for it but this program.
func (c *tokenCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	s, err := a.signedIn(ctx)
	if err != nil {
		return err
	}
	switch {
	case c.Decode:
		return a.decode(ctx, s, c.JSON)
	case c.JSON:
		return a.json(map[string]any{"access_token": s.Access, "token_type": "Bearer", "expires_at": s.Expires, "scope": s.Scope})
	}
	_, err = fmt.Fprintln(a.Out, s.Access)
	return err
}
