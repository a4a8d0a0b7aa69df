package views

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Write renders a page with the headers that every page has. formAction names
// further places (CSP sources) where a form of this page may end after its
// redirects; "" entries are left out.
func Write(w http.ResponseWriter, r *http.Request, status int, page templ.Component, formAction ...string) {
	// A page that ends at a client may stand in a popup of that client's, which
	// waits there for the answer: this policy would cut the tie between the two.
	if strings.Join(formAction, "") == "" {
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	write(w, r, status, page, policy(formAction), sameOrigin)
}

// WriteApp renders a page that runs a script, which are the phone app and the
// API reference alone: our own files may run and
// may call our own origin; still nothing inline, and nothing of anybody else.
func WriteApp(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	write(w, r, status, page, policy(nil)+"; script-src 'self'; connect-src 'self'", sameOrigin)
}

// sameOrigin is the referrer policy of pages with forms of our own: no-referrer
// would make a browser on a plain-http address send "Origin: null" with them,
// and every login would be refused.
const sameOrigin = "same-origin"

func write(w http.ResponseWriter, r *http.Request, status int, page templ.Component, policy, referrer string) {
	var body bytes.Buffer
	if err := page.Render(r.Context(), &body); err != nil {
		http.Error(w, "The page could not be drawn.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Cache-Control", "no-store") // pages show who is signed in; the back button must not after a sign-out
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that ignore frame-ancestors
	h.Set("Referrer-Policy", referrer)
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

// policy allows what the pages use and nothing else, and their forms to go to
// us and to formAction.
func policy(formAction []string) string {
	action := "; form-action 'self'"
	for _, source := range formAction {
		if source != "" {
			action += " " + source
		}
	}
	return basePolicy + action
}

// basePolicy is stylesheets, fonts and pictures of our own, and no script.
// frame-ancestors stops clickjacking of the consent button (RFC 9700 4.16).
const basePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
