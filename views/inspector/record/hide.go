package record

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Hidden stands where a password, a cookie or a client secret was. Nothing is
// kept of those, not even a hash: a short one could be guessed from it.
const Hidden = "••••••"

// hiddenParams are parameters whose values are never kept, in lower case.
var hiddenParams = map[string]bool{
	"password": true, "new_password": true, "current_password": true,
	"client_secret": true, "client_assertion": true,
	"session": true, // binds the consent form to a browser session
}

// accountShown are the only parameters of the account page's forms that are
// kept: the others are passwords by other names, and what binds a form to a
// browser session.
var accountShown = map[string]bool{"do": true, "client": true, "scope": true, "browser": true}

// hide cuts out of an exchange what must never be kept, before anything else
// looks at it.
func (c *capture) hide() *Exchange {
	x := c.exchange
	x.Body, x.BodyCut = c.request.String(), c.request.cut
	x.AnswerBody, x.AnswerCut = c.answer.String(), c.answer.cut
	x.Target = hideQuery(x.Target)
	switch {
	case isForm(x.Header) && x.Kind == KindAccount:
		x.Body = hideParameters(x.Body, func(name string) bool { return !accountShown[name] })
	case isForm(x.Header):
		x.Body = hideParameters(x.Body, isHidden)
	case x.Kind == KindAPI, x.Kind == KindRegister:
		x.Body, x.BodyCut = hideBody(x.Body, x.BodyCut, x.Kind == KindRegister)
	default:
		// It can't be read as what this server takes, so it can't be known where in it a secret stands.
		x.BodyCut, x.Body = x.BodyCut+len(x.Body), ""
	}
	x.AnswerBody, x.AnswerCut = hideBody(x.AnswerBody, x.AnswerCut, x.Kind == KindRegister) // RFC 7591 3.2.1: with a client_secret in it
	hideIn(x.Header, hideCredentials, "Authorization")
	hideIn(x.Header, hideAll, "Proxy-Authorization", "Authentication", "X-Authorization")
	hideIn(x.Header, hideCookies, "Cookie")
	hideIn(x.Header, hideQuery, "Referer")
	hideIn(x.Answer, hideSetCookie, "Set-Cookie")
	x.Body, x.AnswerBody = strings.Clone(x.Body), strings.Clone(x.AnswerBody) // in memory that fits
	if x.Refused() {
		x.shorten()
	}
	return x
}

func hideIn(h http.Header, hide func(string) string, names ...string) {
	for _, name := range names {
		for i, value := range h[name] {
			h[name][i] = hide(value)
		}
	}
}

// hideQuery hides what is in the query of a URL.
func hideQuery(target string) string {
	path, query, ok := strings.Cut(target, "?")
	if !ok {
		return target
	}
	return path + "?" + hideParameters(query, isHidden)
}

func isHidden(name string) bool { return hiddenParams[name] }

// hideParameters works on the text as it was sent, so that what cannot be
// decoded is hidden as well.
func hideParameters(encoded string, hidden func(name string) bool) string {
	pairs := strings.Split(encoded, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		plain = strings.ToLower(plain)
		// People type a password into the field above the one it belongs in.
		stray := plain == "email" && !strings.Contains(value, "@") && !strings.Contains(value, "%40")
		switch {
		case strings.ContainsAny(plain, "{}\"\x00\r\n"): // no name: JSON, or something else that was taken for a form
			pairs[i] = Hidden
		case value != "" && (hidden(plain) || stray):
			pairs[i] = name + "=" + Hidden
		}
	}
	return strings.Join(pairs, "&")
}

// schemes are those of the IANA registry, and one that is often met. A word that
// is none of them can be the secret itself, sent without a scheme.
var schemes = names("basic bearer digest dpop gnap hoba mutual negotiate oauth privatetoken scram-sha-1 scram-sha-256 token vapid")

// bearing is true of a scheme whose credentials are a token of this server's.
func bearing(scheme string) bool {
	return strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "dpop")
}

// hideCredentials leaves a bearer token, of Basic the name, and of any other
// known scheme its name.
func hideCredentials(value string) string {
	fields := strings.Fields(value)
	switch {
	case len(fields) == 2 && bearing(fields[0]):
		return value
	case len(fields) == 2 && strings.EqualFold(fields[0], "basic"):
		if user := basicUser(fields[1]); user != "" {
			return "Basic " + user + ":" + Hidden
		}
	}
	return hideAll(value)
}

// hideAll leaves no more than the name of a known scheme.
func hideAll(value string) string {
	if fields := strings.Fields(value); len(fields) > 1 && schemes[strings.ToLower(fields[0])] {
		return fields[0] + " " + Hidden
	}
	return Hidden
}

// plainUser is a client_id as most are. What stands in the place of one and is
// not followed by a secret may be the secret.
var plainUser = regexp.MustCompile(`^[A-Za-z0-9._:/@ -]{1,100}$`)

// basicUser is the client_id of RFC 6749 2.3.1, "" where nothing is told.
func basicUser(credentials string) string {
	decoded, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return ""
	}
	user, secret, ok := strings.Cut(string(decoded), ":")
	if !ok || secret == "" && len(user) > 32 || !plainUser.MatchString(user) || shaped(user) != user {
		return ""
	}
	return user
}

func hideCookies(header string) string {
	cookies := strings.Split(header, ";")
	for i, cookie := range cookies {
		name, _, ok := strings.Cut(cookie, "=")
		if ok {
			cookies[i] = name + "=" + Hidden
		} else {
			cookies[i] = Hidden
		}
	}
	return strings.Join(cookies, ";")
}

func hideSetCookie(header string) string {
	pair, attributes, more := strings.Cut(header, ";")
	name, value, _ := strings.Cut(pair, "=")
	if value != "" {
		value = Hidden
	}
	if more {
		return name + "=" + value + ";" + attributes
	}
	return name + "=" + value
}

// browserKeys names the browser behind a request by the two cookies that this
// server sets, without keeping them.
func browserKeys(request, answer http.Header) (keys []key) {
	add := func(c *http.Cookie) {
		name := strings.TrimPrefix(c.Name, "__Host-")
		if c.Value != "" && (strings.HasPrefix(name, "punchcard_browser") || strings.HasPrefix(name, "punchcard_session")) {
			keys = append(keys, keyOf("cookie "+c.Value))
		}
	}
	for _, c := range (&http.Request{Header: request}).Cookies() {
		add(c)
	}
	for _, c := range (&http.Response{Header: answer}).Cookies() {
		add(c)
	}
	return keys
}
