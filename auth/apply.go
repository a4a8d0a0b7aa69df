package auth

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store"
)

// apply brings the file up to date with the document. People and clients that
// an earlier document declared and this one does not are disabled, and what
// was issued to them is revoked.
func (s *Server) apply(ctx context.Context, d *seed.Document, builtin bool) error {
	if len(d.APIs) == 0 {
		return fmt.Errorf("the configuration declares no API: there is nothing to protect")
	}
	// One unit: a crash in between must not leave somebody disabled whose tokens
	// still open the API, because the next start would see nothing to do.
	return s.store.Unit(ctx, func(ctx context.Context) error { return s.declare(ctx, d, builtin) })
}

// declare queues a document in the unit of writes that ctx carries.
func (s *Server) declare(ctx context.Context, d *seed.Document, builtin bool) error {
	roles := make([]people.Role, len(d.Roles))
	for i, r := range d.Roles {
		roles[i] = people.Role{ID: r.ID, Name: r.Name, Permissions: r.Permissions}
	}
	declared := make([]people.Declared, len(d.People))
	for i, p := range d.People {
		declared[i] = people.Declared{ID: p.ID, Email: p.Email, Name: p.Name, Password: p.Password, Roles: p.Roles, ReportsTo: p.ReportsTo, ShowOnLogin: p.ShowOnLogin}
	}
	revoke, err := s.people.Apply(ctx, roles, declared, builtin)
	if err != nil {
		return fmt.Errorf("people: %w", err)
	}
	for _, id := range revoke {
		if err := s.store.RevokeSubject(ctx, id); err != nil {
			return fmt.Errorf("revoke what %s granted: %w", id, err)
		}
	}
	clients := make([]store.Client, len(d.Clients))
	for i, c := range d.Clients {
		clients[i] = s.client(c)
	}
	if _, err := s.store.ApplyClients(ctx, clients); err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	return s.seeded(ctx, d, builtin)
}

// client turns a declared client into a stored one. Every client may name
// every API; its scopes say what it may do there.
func (s *Server) client(c seed.Client) store.Client {
	out := store.Client{
		ID: c.ID, Name: c.Name, Kind: c.Kind, Description: c.Description,
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs,
		Grants: c.Grants, Scopes: c.Scopes, AuthMethods: c.AuthMethods,
		IDTokenAlg: c.IDTokenAlg, RequirePKCE: c.RequirePKCE, RequirePAR: c.RequirePAR, DPoPBound: c.DPoPBound, JWKS: c.JWKS(), Introspect: c.Introspect,
	}
	for _, api := range s.document.APIs {
		out.Audience = append(out.Audience, api.Identifier)
	}
	if c.Secret != "" {
		out.SecretHash = store.HashSecret(c.Secret)
	}
	return out
}

// days words a lifetime for a person.
func days(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d.Hours()/24)) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " hours"
	}
	return strings.TrimSuffix(d.Round(time.Second).String(), "0s")
}
