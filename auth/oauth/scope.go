package oauth

import (
	"slices"
	"strings"
)

// identityScopes belong to the person, not to an API.
var identityScopes = []string{"openid", "profile", "email", "offline_access"}

// IdentityScopes are those that belong to the person, not to an API.
func IdentityScopes() []string { return slices.Clone(identityScopes) }

// IsIdentity says whether a scope belongs to the person.
func IsIdentity(scope string) bool { return slices.Contains(identityScopes, scope) }

// ParseScope reads a scope list (RFC 6749 3.3): names between spaces, each
// once, in the order that they were sent.
func ParseScope(scope string) []string {
	var names []string
	for name := range strings.SplitSeq(scope, " ") {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Subset says whether all of these are among the others.
func Subset(these, of []string) bool {
	return !slices.ContainsFunc(these, func(s string) bool { return !slices.Contains(of, s) })
}
