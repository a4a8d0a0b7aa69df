package audience

import (
	"slices"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// Permitted drops the API scopes that no role of the person gives: the seed's
// Authorization Extension. Identity scopes belong to everybody.
func Permitted(scopes, permissions []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return !oauth.IsIdentity(scope) && !slices.Contains(permissions, scope)
	})
}

// Carried is what a token can carry of these scopes now, whatever was granted
// once: identity and those of its own API (RFC 9068 2.2.3), as far as the client
// may have them and, where a person stands behind it, their roles give them.
func (s *Set) Carried(scopes []string, audience string, client *store.Client, machine bool, permissions []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		if !slices.Contains(client.Scopes, scope) {
			return true
		}
		if oauth.IsIdentity(scope) {
			return machine
		}
		return !s.has(scope, audience) || !machine && !slices.Contains(permissions, scope)
	})
}
