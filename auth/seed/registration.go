package seed

import "strings"

// A client that registers itself follows the rules for declared clients;
// {base} is only for declared ones.

// RedirectProblem says why a redirect URI cannot be registered for a kind of
// client, or "" if it can.
func RedirectProblem(uri, kind string) string {
	if strings.Contains(uri, Base) {
		return "has a character that a URI cannot have (RFC 3986 2)"
	}
	return uriProblem(uri, kind, redirectReserved...)
}

// PostLogoutProblem is RedirectProblem for the URIs to which a person returns
// after signing out.
func PostLogoutProblem(uri, kind string) string {
	if strings.Contains(uri, Base) {
		return "has a character that a URI cannot have (RFC 3986 2)"
	}
	return uriProblem(uri, kind, postLogoutReserved...)
}

// OnThisMachine reports whether a redirect URI cannot leave the device: it
// goes to a loopback address or to an app's own scheme.
func OnThisMachine(uri string) bool {
	return strings.HasPrefix(uri, "http://") || !strings.HasPrefix(uri, "https://") && RedirectProblem(uri, KindNative) == ""
}
