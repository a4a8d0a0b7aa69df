package auth

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// admits says whether a redirect URI is one of the client's. This matcher
// decides alone; fosite only ever sees the URI that was admitted here.
//
// RFC 9700 2.1: exact string matching, because every looser rule has been used
// to send a code elsewhere. The one exception is the port of a native app's
// loopback URI, RFC 8252 7.3.
func admits(registered []string, native bool, sent string) bool {
	if !wellFormedRedirect(sent) {
		return false
	}
	if slices.Contains(registered, sent) {
		return true
	}
	if !native {
		return false
	}
	host, rest, ok := loopback(sent)
	return ok && slices.ContainsFunc(registered, func(uri string) bool {
		h, r, ok := loopback(uri)
		return ok && h == host && r == rest
	})
}

// loopbackURI takes http://HOST[:PORT]/PATH apart by its text, not by a URL
// parser: what a parser would forgive (user-info, escapes, letter case, an
// empty port) must not match. The host is one of three literals, so
// 127.0.0.2, 127.1 or localhost.evil.com never reach the comparison.
var loopbackURI = regexp.MustCompile(`^http://(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?(/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?$`)

// loopback returns the host and the path of a loopback redirect URI, leaving
// out its port: RFC 8252 7.3, the server MUST allow any port. "localhost" is
// admitted as RFC 9700 2.1 words it, and never stands for 127.0.0.1.
func loopback(uri string) (host, path string, ok bool) {
	m := loopbackURI.FindStringSubmatch(uri)
	if m == nil {
		return "", "", false
	}
	if m[2] != "" {
		// A leading zero or port 0 names no port that an app can listen on.
		if port, err := strconv.Atoi(m[2]); err != nil || port < 1 || port > 65535 || m[2][0] == '0' {
			return "", "", false
		}
	}
	return m[1], m[3], true
}

// wellFormedRedirect refuses what no registered URI may hold, whatever the
// comparison would say.
func wellFormedRedirect(uri string) bool {
	if uri == "" || len(uri) > 2000 {
		return false
	}
	for _, c := range uri {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return false // RFC 3986 2: such characters are parsed differently by different browsers
		}
	}
	// RFC 6749 3.1.2: absolute, and MUST NOT include a fragment; a bare "#" is one too.
	if strings.Contains(uri, "#") {
		return false
	}
	u, err := url.Parse(uri)
	return err == nil && u.Scheme != "" && u.User == nil
}

// formAction is the CSP form-action source for a form whose redirects end at
// this URI. Chromium applies form-action to every hop after a POST and blocks
// without a word, so the page must allow the way to the client before it is
// shown.
func formAction(redirect string) string {
	u, err := url.Parse(redirect)
	switch {
	case err != nil || redirect == "":
		return ""
	case u.Scheme == "http" && strings.HasPrefix(u.Host, "["):
		return "http:" // CSP has no syntax for an IPv6 host
	case u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"):
		return "http://localhost:* http://127.0.0.1:*"
	case u.Scheme == "http":
		return "http://" + u.Host
	case u.Scheme == "https":
		return "https:"
	}
	return u.Scheme + ":"
}

// withParams appends response parameters to a redirect URI, keeping a query
// that is registered with it (RFC 6749 4.1.2 and 3.1.2).
func withParams(redirect string, params url.Values) string {
	sep := "?"
	if strings.Contains(redirect, "?") {
		sep = "&"
	}
	return redirect + sep + params.Encode()
}

// serves says whether a client is registered for what it has asked for: a
// request may wait for an hour while the registration changes.
func (q *authorizationRequest) serves(client *store.Client, scopes []string) bool {
	if !oauth.Subset(scopes, client.Scopes) {
		return false
	}
	if q.Device != "" {
		return slices.Contains(client.Grants, back.GrantDevice)
	}
	return slices.Contains(client.Grants, "authorization_code") && admits(client.RedirectURIs, client.Kind == "native", q.RedirectURI)
}

// stillServed refuses a request that waited while its client's registration
// was changed. RFC 6749 4.1.2.1: the server MUST NOT redirect to an address
// that is not registered, and what counts is the moment at which it redirects.
func (s *Server) stillServed(ctx context.Context, q *authorizationRequest, client *store.Client, scopes []string) error {
	if s.check(ctx, rules.RegistrationUnchanged, q.serves(client, scopes), "the same redirect_uri, grant and scopes", q.RedirectURI+" "+strings.Join(scopes, " ")) {
		return nil
	}
	return oauth.NewPage(400, "invalid_request", "This app’s registration has changed", "What it asked for a moment ago is not allowed to it any more, so nothing was sent to it. Go back to the app and start again.").Citing(rules.RegistrationUnchanged)
}

// servedThen makes a unit fail where the client's registration, as it is at
// the commit, does not serve what would be issued.
func (s *Server) servedThen(ctx context.Context, f *flow, scopes []string) error {
	return s.store.AsRegistered(ctx, f.Request.ClientID, func(client *store.Client, err error) error {
		if err != nil {
			return clientGone(err)
		}
		return s.stillServed(ctx, &f.Request, client, scopes)
	})
}

// onPort gives registered loopback URIs the port that was sent, because that
// is the one thing in which a native app's may differ (RFC 8252 7.3).
func onPort(sent string) func(string) string {
	port := strings.TrimSuffix(portIn.FindString(sent), "/")
	return func(registered string) string {
		host, path, ok := loopback(registered)
		if !ok {
			return registered
		}
		return "http://" + host + port + path
	}
}

// portIn finds a port by what follows it; "[::1]" has colons of its own.
var portIn = regexp.MustCompile(`:[0-9]{1,5}(?:/|$)`)

// legible is an address that was sent and not admitted, as the ledger may have
// it. What stands in its user information, query or fragment can be a secret,
// and nobody has registered it.
func legible(sent string) string {
	u, err := url.Parse(sent)
	if err != nil {
		return "what is no URI"
	}
	if u.User == nil && u.RawQuery == "" && u.Fragment == "" {
		return sent
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String() + " with more, which is not shown"
}

// asSent is an admitted address in full, and any other one as far as it is legible.
func asSent(admitted bool, sent string) string {
	if admitted {
		return sent
	}
	return legible(sent)
}
