package seed

import "strings"

// What a client that registers itself may say goes by the rules for declared
// ones; {base} is for those alone.

// RedirectProblem says why a redirect URI cannot be registered for a kind of
// client, "" for nothing.
func RedirectProblem(uri, kind string) string {
	if strings.Contains(uri, Base) {
		return "has a character that a URI cannot have (RFC 3986 2)"
	}
	return uriProblem(uri, kind, redirectReserved...)
}

// PostLogoutProblem is RedirectProblem for where a person goes after signing
// out.
func PostLogoutProblem(uri, kind string) string {
	if strings.Contains(uri, Base) {
		return "has a character that a URI cannot have (RFC 3986 2)"
	}
	return uriProblem(uri, kind, postLogoutReserved...)
}

// OnThisMachine says whether a redirect URI cannot lead away from the device:
// to a loopback address or to an app's own scheme.
func OnThisMachine(uri string) bool {
	return strings.HasPrefix(uri, "http://") || !strings.HasPrefix(uri, "https://") && RedirectProblem(uri, KindNative) == ""
}
