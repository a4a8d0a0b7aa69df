package auth

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/views"
)

// The ways in which an answer goes back to the client: OAuth 2.0 Multiple
// Response Types 2.1, and Form Post Response Mode. Metadata lists them.
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"
)

var responseModes = []string{modeQuery, modeFragment, modeFormPost}

// modesOf are those that a client can receive at this redirect URI. OWASP ASVS
// 10.4.12: no more than what it needs. A fragment only ever reaches a script in
// a browser, a form only a web server, and a private-use scheme neither.
func modesOf(client *store.Client, redirect string) []string {
	web := isWeb(redirect)
	switch {
	case client.Kind == "browser":
		return []string{modeQuery, modeFragment}
	case web:
		return []string{modeQuery, modeFormPost}
	}
	return []string{modeQuery}
}

// parseMode reads response_mode before everything else that the client can be
// told, so that every other error goes back in the way it asked for. An error
// in the mode itself goes by query, the default of response_type=code.
func (s *Server) parseMode(ctx context.Context, q *authorizationRequest, client *store.Client, v url.Values, repeated []string) *oauth.Error {
	mode, able := v.Get("response_mode"), modesOf(client, q.RedirectURI)
	if mode == "" || mode == modeQuery || slices.Contains(repeated, "response_mode") {
		return nil // of two modes neither is "the" mode; parseRest says so
	}
	if !s.check(ctx, rules.ResponseMode, slices.Contains(able, mode), strings.Join(able, " "), mode) {
		return oauth.NewError("invalid_request", "At this redirect_uri "+oauth.Printable(client.Name)+" can have response_mode="+strings.Join(able, " or ")+".")
	}
	// WHATWG HTML 4.10.22: what is sent by a form has its line ends rewritten, and RFC 6749 4.1.2 wants the state back as it came.
	if mode == modeFormPost && (!utf8.ValidString(q.State) || strings.ContainsFunc(q.State, unicode.IsControl)) {
		return oauth.NewError("invalid_request", "With response_mode=form_post the state must be text without control characters.")
	}
	q.Mode = mode
	return nil
}

// sendBack answers at the client's redirect URI. iss in every response lets a
// client notice a mix-up of servers (RFC 9207 2).
func (s *Server) sendBack(w http.ResponseWriter, r *http.Request, q oauth.Back, params url.Values) {
	if q.State != "" {
		params.Set("state", q.State)
	}
	params.Set("iss", s.issuer)
	to := ""
	switch q.Mode {
	case modeFormPost:
		s.handOver(w, r, q, params)
		return
	case modeFragment:
		to = q.RedirectURI + "#" + params.Encode() // wellFormedRedirect: it has no fragment of its own
	default:
		to = withParams(q.RedirectURI, params)
	}
	s.sendOn(w, r, to, q.ClientID, views.Onward{Refused: params.Has("error")})
}

// sendOn leads the browser to an address of a client's that was admitted: by a
// redirect, or where a form of ours came before, by a page that goes on by itself.
func (s *Server) sendOn(w http.ResponseWriter, r *http.Request, to, clientID string, page views.Onward) {
	if afterForm(r) && isWeb(to) {
		page.Again = r.URL.RequestURI()
		page.ClientName = cmp.Or(s.appName(r.Context(), clientID), "the app")
		page.RedirectDisplay, page.RedirectNote = displayRedirect(strings.SplitN(strings.SplitN(to, "#", 2)[0], "?", 2)[0])
		views.WriteOnward(w, r, page, to)
		return
	}
	// 303, so that no browser repeats a POST body with a password in it at the client (RFC 9700 4.12).
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// afterForm says whether a person's browser has come here from a form of ours:
// it goes on with a flow, in a window of its own. CSP 3 6.4.1 form-action:
// Chromium binds all redirects that follow to the policy of the page with the
// form, and stops those that the app makes later without a word. A frame or a
// script gets a redirect as ever, and so does what is no browser. Browsers send
// Sec-Fetch-Mode to https and to this machine alone, and the older header
// everywhere.
func afterForm(r *http.Request) bool {
	q := r.URL.Query()
	if r.Method != http.MethodGet || !q.Has("flow") || q.Has("client_id") {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	}
	return r.Header.Get("Upgrade-Insecure-Requests") == "1"
}

// isWeb: to leave for an app's own scheme a browser wants the person's click,
// which only a redirect passes on; and no redirect follows in an app.
func isWeb(to string) bool {
	return strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "http://")
}

// handOver is Form Post Response Mode 2: a page whose form the browser posts
// to the client, so that the code stands in no URL. It sends itself where
// scripts run, and has a button where they don't. The address was admitted by
// redirect.go.
func (s *Server) handOver(w http.ResponseWriter, r *http.Request, q oauth.Back, params url.Values) {
	page := views.Handover{Action: q.RedirectURI, ClientName: cmp.Or(s.appName(r.Context(), q.ClientID), "the app"), Refused: params.Has("error")}
	page.RedirectDisplay, page.RedirectNote = displayRedirect(q.RedirectURI)
	for _, name := range []string{"code", "error", "error_description", "state", "iss"} {
		if params.Has(name) {
			page.Fields = append(page.Fields, views.Field{Name: name, Value: params.Get(name)})
		}
	}
	views.WriteHandover(w, r, page)
}
