// Package audience knows the APIs that tokens are for: which one a request
// means, and what of the scopes it can have there. Every endpoint that asks for
// tokens, and every token that is made or looked at, is decided here alike.
//
// Reading order: audience.go (the APIs), aim.go (what a request comes to),
// carried.go (what a token carries), rules.go.
package audience

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

// Set is the APIs of one server.
type Set struct {
	base   string
	apis   []seed.API
	roles  []seed.Role
	ledger ledger.Ledger
}

// New returns the APIs of a document, which has at least one, for a server at
// this base URL.
func New(d *seed.Document, base string, l ledger.Ledger) *Set {
	return &Set{base: base, apis: d.APIs, roles: d.Roles, ledger: l}
}

// Expand builds a URI of the document on today's base; the base is never stored.
func (s *Set) Expand(uri string) string { return strings.ReplaceAll(uri, "{base}", s.base) }

// API finds an API by its identifier, as clients name it.
func (s *Set) API(identifier string) (seed.API, bool) {
	for _, a := range s.apis {
		if s.Expand(a.Identifier) == identifier {
			return a, true
		}
	}
	return seed.API{}, false
}

// Resource finds the API that a resource indicator names: by its identifier, or
// by the URL of something below it. RFC 9728 3.3 has clients send the URL that
// they called and that the metadata repeats; RFC 8707 2 leaves it to this server
// which audience that is.
func (s *Set) Resource(name string) (found seed.API, ok bool) {
	if api, ok := s.API(name); ok {
		return api, true
	}
	u, err := url.Parse(name)
	if err != nil || u.Host == "" || strings.ContainsAny(name, "?#") || path.Clean(u.Path) != u.Path {
		return seed.API{}, false
	}
	for _, a := range s.apis {
		// Of two that it is below, the nearer one.
		if strings.HasPrefix(name, s.Expand(a.Identifier)+"/") && len(a.Identifier) > len(found.Identifier) {
			found, ok = a, true
		}
	}
	return found, ok
}

// Of finds the API that a scope belongs to: one name is declared by one API.
func (s *Set) Of(scope string) (seed.API, bool) {
	for _, a := range s.apis {
		if slices.ContainsFunc(a.Scopes, func(known seed.Scope) bool { return known.Name == scope }) {
			return a, true
		}
	}
	return seed.API{}, false
}

// has says whether a scope is one of the API with this audience.
func (s *Set) has(scope, audience string) bool {
	api, ok := s.Of(scope)
	return ok && s.Expand(api.Identifier) == audience
}

// Identifiers are those of all APIs, the default first.
func (s *Set) Identifiers() []string {
	all := []string{s.Default()}
	for _, api := range s.apis {
		if id := s.Expand(api.Identifier); id != all[0] {
			all = append(all, id)
		}
	}
	return all
}

// Default is <base>/api, or the first API of a configuration without it.
func (s *Set) Default() string {
	if api, ok := s.API(s.base + "/api"); ok {
		return s.Expand(api.Identifier)
	}
	return s.Expand(s.apis[0].Identifier)
}

// ScopesForPeople is what apps can ask people for: identity, and what a role
// gives. RFC 8414 2 lets a server leave out what else it supports, and what only
// machines can have is nothing to ask a person for: clients ask for the whole list.
func (s *Set) ScopesForPeople() []string {
	return slices.DeleteFunc(s.Scopes(), func(scope string) bool {
		return !oauth.IsIdentity(scope) && !slices.ContainsFunc(s.roles, func(r seed.Role) bool { return slices.Contains(r.Permissions, scope) })
	})
}

// Scopes are the names that there are here: identity, then those of all APIs
// in the order of the document.
func (s *Set) Scopes() []string {
	scopes := oauth.IdentityScopes()
	for _, api := range s.apis {
		for _, scope := range api.Scopes {
			scopes = append(scopes, scope.Name)
		}
	}
	return scopes
}
