package seed

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const maxURI = 2000 // bytes

// The query parameters that this server adds to a redirect URI and to a
// post-logout URI.
var (
	redirectReserved   = []string{"code", "state", "iss", "error", "error_description", "error_uri"}
	postLogoutReserved = []string{"state"}
)

// outsideURI matches characters that RFC 3986 2 does not allow: controls,
// space, backslash, quotes, braces, everything beyond ASCII. Browsers and
// libraries disagree about them, and attackers use the difference.
var outsideURI = regexp.MustCompile(`[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]`)

// uriProblem says why a URI cannot be registered for a kind of client, or ""
// if it can. reserved lists the query parameters that this server will add
// itself.
func uriProblem(uri, kind string, reserved ...string) string {
	u, problem := parseURI(uri)
	if problem != "" {
		return problem
	}
	if problem := schemeProblem(u, kind); problem != "" {
		return problem
	}
	// RFC 6749 4.1.2 adds parameters to the query. If the URI already had one
	// of the same name, the app could read that value instead of the issued
	// one.
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "has a query that cannot be read"
	}
	for _, name := range reserved {
		if query.Has(name) {
			return fmt.Sprintf("has %s in its query, which this server adds itself", name)
		}
	}
	return ""
}

// identifierProblem says why a URI cannot name an API. RFC 8707 2: an absolute
// URI without a fragment, and preferably without a query.
func identifierProblem(uri string) string {
	u, problem := parseURI(uri)
	switch {
	case problem != "":
		return problem
	case u.RawQuery != "":
		return "must not have a query (RFC 8707 2)"
	case u.Host != "":
		return hostProblem(u)
	}
	return ""
}

// parseURI parses a URI and refuses what no URI of this document may contain.
// {base} is read as an example https address.
func parseURI(uri string) (*url.URL, string) {
	rest, based := strings.CutPrefix(uri, Base)
	if based {
		if rest != "" && rest[0] != '/' {
			return nil, "must go on with / after {base}" // {base}.evil.com is another host
		}
		uri = "https://base.invalid" + rest
	}
	switch {
	case strings.Contains(rest, Base):
		return nil, "can have {base} only at its beginning"
	case len(uri) > maxURI:
		return nil, fmt.Sprintf("is longer than %d bytes", maxURI)
	case outsideURI.MatchString(uri):
		return nil, "has a character that a URI cannot have (RFC 3986 2)"
	case strings.Contains(uri, "#"):
		return nil, "must not have a fragment, and no bare # either (RFC 6749 3.1.2)"
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return nil, "is not a URI"
	case u.Scheme == "":
		return nil, "must be absolute, such as https://app.example.com/callback (RFC 6749 3.1.2)"
	case !strings.HasPrefix(uri, u.Scheme+":"):
		return nil, "must have its scheme in lower case"
	case u.User != nil || strings.Contains(u.Host, "@"):
		return nil, "must not have a user name or password in it"
	case u.ForceQuery:
		return nil, "must not end in an empty query"
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return nil, "must not have . or .. as a part of its path"
	}
	return u, ""
}

// privateUse matches RFC 8252 7.1: a domain name in reverse order, so that the
// apps of two companies never claim the same scheme.
var privateUse = regexp.MustCompile(`^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+$`)

// agentSchemes lists the schemes of well-known assistants and editors that
// people connect here. They have no domain name. RFC 8252 7.1 asks for one
// because any app can claim a short scheme. These names are known to people,
// PKCE makes an intercepted code useless, and the consent page says that
// nobody has checked the app. Every other scheme still needs its domain.
var agentSchemes = []string{"cursor", "vscode", "vscode-insiders", "windsurf", "zed", "warp", "claude"}

func schemeProblem(u *url.URL, kind string) string {
	switch u.Scheme {
	case "https":
		return hostProblem(u)
	case "http":
		// RFC 8252 7.3 and 8.3: a request to a loopback address never leaves
		// the machine. Any other http address would carry the code over the
		// network in clear.
		if host := u.Hostname(); host != "localhost" && host != "127.0.0.1" && u.Host != "[::1]" && !strings.HasPrefix(u.Host, "[::1]:") {
			return "must be https; http is for localhost, 127.0.0.1 and [::1]"
		}
		return hostProblem(u)
	}
	// This also excludes javascript:, data:, file: and similar schemes, whose
	// content a browser would run or show.
	if !privateUse.MatchString(u.Scheme) && !slices.Contains(agentSchemes, u.Scheme) {
		return fmt.Sprintf("has the scheme %s; it must be https, http on this machine, or an app's own scheme such as com.example.app (RFC 8252 7.1)", clip(u.Scheme))
	}
	if kind != KindNative {
		return "has an app's own scheme, which is only for native clients"
	}
	if !strings.HasPrefix(u.Path, "/") && u.Host == "" {
		return "must have a path, such as " + clip(u.Scheme) + ":/callback"
	}
	return ""
}

var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9._-]*[a-z0-9])?$`)

// hostProblem refuses hosts that could be read in two ways. The rest is
// compared as text, so each host has only one spelling.
func hostProblem(u *url.URL) string {
	host := u.Hostname()
	switch {
	case host == "":
		return "has no host"
	case host != strings.ToLower(host):
		return "must have its host in lower case"
	case strings.HasPrefix(u.Host, "["):
		if a, err := netip.ParseAddr(host); err != nil || a.Zone() != "" {
			return "has a host that is no IPv6 address"
		}
	case !hostName.MatchString(host):
		return "has a host that is no host name"
	}
	if strings.HasSuffix(u.Host, ":") {
		return "has a colon without a port"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || port[0] == '0' {
			return "has a port that is not between 1 and 65535"
		}
	}
	return ""
}

// origins returns the origins of http(s) URIs, each with and without "/".
func origins(uris []string) []string {
	var out []string
	for _, uri := range uris {
		origin := Base
		if !strings.HasPrefix(uri, Base) {
			u, err := url.Parse(uri)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" {
				continue
			}
			// RFC 6454 6.2: an origin does not spell out its scheme's own port.
			origin = u.Scheme + "://" + strings.TrimSuffix(u.Host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
		}
		if !slices.Contains(out, origin) {
			out = append(out, origin, origin+"/")
		}
	}
	return out
}
