package auth

import (
	"context"
	"errors"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/store"
)

// forBack is what the back channel asks of this room.
type forBack struct{ s *Server }

var _ back.Others = forBack{}

// Device implements back.Others.
func (o forBack) Device(ctx context.Context, id string) (back.Device, error) {
	d, err := o.s.device(ctx, id)
	if errors.Is(err, errNoDevice) {
		return back.Device{}, back.ErrNoDevice
	}
	if err != nil {
		return back.Device{}, err
	}
	return back.Device{ID: d.ID, ClientID: d.ClientID, ExpiresAt: d.ExpiresAt, Allowed: d.Decision == allowed, Denied: d.Decision == denied}, nil
}

// Polled implements back.Others.
func (o forBack) Polled(ctx context.Context, id string) (early bool, err error) {
	early, err = o.s.pace(ctx, id)
	if errors.Is(err, errDecided) {
		err = back.ErrDecided
	}
	return early, err
}

// InUse implements back.Others.
func (o forBack) InUse(ctx context.Context, c *store.Client) error {
	return o.s.registrar.InUse(ctx, c)
}

// RegisterAgain implements back.Others.
func (o forBack) RegisterAgain() string { return o.s.registrar.Again() }

// ACR implements back.Others.
func (o forBack) ACR(methods []string) string { return o.s.acr(methods) }

// Lifetimes returns what holds now.
func (s *Server) Lifetimes() back.Lifetimes { return s.back.Lifetimes() }

// SetLifetimes changes what is issued from then on, see back.
func (s *Server) SetLifetimes(to back.Lifetimes) error { return s.back.SetLifetimes(to) }

// Verify is what a resource server may ask about an access token, see back.
func (s *Server) Verify(ctx context.Context, token, audience string) (back.Token, error) {
	return s.back.Verify(ctx, token, audience)
}

// Reports returns the ids of the people who report to a manager: the API asks
// before it lets anybody approve.
func (s *Server) Reports(ctx context.Context, managerID string) ([]string, error) {
	return s.people.Reports(ctx, managerID)
}

// Proofs checks the proofs that this server is sent, for whoever else is asked
// at the same origin. Clients remember a nonce by its origin, so there is one
// for both.
func (s *Server) Proofs() *dpop.Checker { return s.proofs }
