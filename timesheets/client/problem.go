package client

import (
	"net/http"
	"strings"
)

// problem is an error of the API, RFC 9457.
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer   string `json:"pointer"`
		Parameter string `json:"parameter"`
		Detail    string `json:"detail"`
	} `json:"errors"`
}

// problem turns what the API answered into what the person can do about it.
func (a *app) problem(got *answer, c call) error {
	said := parseChallenge(got.header.Values("WWW-Authenticate"))
	switch {
	case said["error"] == "insufficient_scope": // RFC 6750 3.1
		missing := plain(said["scope"])
		if missing == "" {
			missing = c.scope
		}
		return &failure{
			text:   "This needs the scope " + missing + ", which your session does not have.",
			advice: "Ask for it as well: " + a.command("login", "--add-scope", missing), code: exitForbidden,
		}
	case said["error"] == "insufficient_user_authentication": // RFC 9470 3
		text := "The API wants to be sure that it is you"
		if seconds := plain(said["max_age"]); seconds != "" {
			text += ": this needs a sign-in no older than " + seconds + " seconds"
		}
		return fail(text+".", "Sign in again, and then repeat this: "+a.command("login", "--fresh"))
	case got.status == http.StatusUnauthorized:
		return fail("The API does not take your session any more: "+strings.TrimSuffix(reason(got), ".")+".", "Sign in again: "+a.command("login"))
	case got.status == http.StatusForbidden:
		return &failure{text: reason(got), code: exitForbidden}
	case got.status == http.StatusServiceUnavailable || got.status == http.StatusTooManyRequests:
		advice := "Try again in a moment."
		if after := plain(got.header.Get("Retry-After")); after != "" {
			advice = "Try again in " + after + " seconds."
		}
		return fail(reason(got), advice)
	}
	return fail(reason(got), "")
}

// reason is what the API says, with each broken rule on a line of its own.
func reason(got *answer) string {
	var p problem
	if got.json(&p) != nil || p.Title+p.Detail == "" {
		return "The API answered: " + http.StatusText(got.status) + "."
	}
	lines := []string{}
	for _, e := range p.Errors {
		lines = append(lines, strings.TrimSpace(plain(strings.TrimPrefix(e.Pointer, "/")+e.Parameter)+": "+plain(e.Detail)))
	}
	switch {
	case len(lines) > 0:
		return "The API does not take this.\n  " + strings.Join(lines, "\n  ")
	case p.Detail != "":
		return plain(p.Detail)
	}
	return plain(p.Title) + "."
}
