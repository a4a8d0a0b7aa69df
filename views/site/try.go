package site

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/site/page"
)

const (
	pathTry      = "/try"
	pathCallback = "/callback"
)

// try is what an app does before it sends somebody away: it makes a verifier
// and a state, keeps both, and shows the server only the verifier's hash.
func (p *pages) try(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return // RFC 9110 9.2.1: it does nothing, so a trip that is under way keeps its cookie
	}
	verifier, state := random(), random()
	http.SetCookie(w, &http.Cookie{
		Name: p.cookie(), Value: verifier + "." + state, Path: pathCallback,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 3600,
	})
	challenge := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {p.Client}, "redirect_uri": {p.redirect()}, "scope": {p.Scope},
		"state": {state}, "audience": {p.base + "/api"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, p.base+"/authorize?"+q.Encode(), http.StatusSeeOther)
}

// callback is the app's end: RFC 6749 10.12, the state must be the one it
// sent; RFC 9207 2.4, iss must be the server it sent the browser to.
func (p *pages) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	view := page.Callback{
		Code: q.Get("code"), State: q.Get("state"), Issuer: q.Get("iss"),
		Error: q.Get("error"), ErrorDescription: q.Get("error_description"),
		IssuerOK: q.Get("iss") == p.Issuer, Seconds: p.CodeSeconds(), Again: pathTry,
	}
	if c, err := r.Cookie(p.cookie()); err == nil {
		verifier, state, _ := strings.Cut(c.Value, ".")
		view.StateOK = state != "" && state == view.State
		if view.StateOK && view.IssuerOK && view.Code != "" {
			view.Verifier, view.Exchange, view.Next = verifier, p.exchange(view.Code, verifier), p.next()
		}
	}
	views.Write(w, r, http.StatusOK, page.CallbackPage(view))
}

// redirect names localhost, as the client has it registered. A browser that
// arrives under another name than the issuer's is sent on to that one, and so
// to its cookie.
func (p *pages) redirect() string { return "http://localhost:" + p.port + pathCallback }

// cookie carries the port, because localhost shares its cookies among ports.
func (p *pages) cookie() string { return "punchcard_try_" + p.port }

// random is 32 bytes: RFC 7636 7.1 recommends as much for the verifier.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}
