package auth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
)

// Two kinds of cookies: one names the browser, so that a flow belongs to the
// browser that began it; the other is the browser session of the person signed
// in.
const (
	browserCookie = "browser"
	sessionCookie = "session"
)

// A browser may have several names. Tabs that begin at the same moment in a
// browser without cookies each get one, and under a single cookie name the last
// answer would take the flows of all others away from it. The name of the
// cookie is made from its value, so no two answers overwrite each other. A new
// flow goes to a name that is there already, so there are more than one only
// for a while: each lasts for two flows' time after the last that it was given.
const (
	browserNames    = 16 // more than these are taken away, the oldest first
	browserLifetime = 2 * flowLifetime
)

// cookieName carries the port, because cookies are shared by all ports of
// localhost and every other app in development there has a "session" too. Over
// https the __Host- prefix stops a sibling domain from setting it.
func (s *Server) cookieName(kind string) string {
	if s.secure {
		return "__Host-punchcard_" + kind
	}
	return "punchcard_" + kind + "_" + s.port
}

func (s *Server) setCookie(w http.ResponseWriter, kind, value string) {
	s.writeCookie(w, s.cookieName(kind), value, 0)
}

// writeCookie sets a cookie, or takes it away where the value is "". Without a
// lifetime it ends with the browser.
func (s *Server) writeCookie(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lifetime.Seconds()),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) cookie(r *http.Request, kind string) string {
	c, err := r.Cookie(s.cookieName(kind))
	if err != nil {
		return ""
	}
	return c.Value
}

// browserCookieName is the name of the cookie that holds this value.
func (s *Server) browserCookieName(id string) string {
	return s.cookieName(browserCookie) + "_" + ledger.Hash("cookie " + id)[:6]
}

// browsers returns the values that this browser is known by, the oldest first:
// browsers send their cookies in that order (RFC 6265 5.4).
func (s *Server) browsers(r *http.Request) (ids []string) {
	for _, c := range r.Cookies() {
		if len(c.Value) == len(oauth.RandomToken("")) && c.Name == s.browserCookieName(c.Value) && !slices.Contains(ids, c.Value) {
			ids = append(ids, c.Value)
		}
	}
	return ids
}

// browserOf returns the hash that names this browser, and sees to it that its
// cookie outlives a flow that begins now.
func (s *Server) browserOf(w http.ResponseWriter, r *http.Request) string {
	ids := s.browsers(r)
	for len(ids) > browserNames {
		s.writeCookie(w, s.browserCookieName(ids[0]), "", 0)
		ids = ids[1:]
	}
	if len(ids) == 0 {
		ids = []string{oauth.RandomToken("")}
	}
	s.writeCookie(w, s.browserCookieName(ids[0]), ids[0], browserLifetime)
	return ledger.Hash(ids[0])
}

// begunHere says whether a flow was begun by this browser, under any of its names.
func (s *Server) begunHere(f *flow, r *http.Request) bool {
	return slices.ContainsFunc(s.browsers(r), func(id string) bool { return ledger.Hash(id) == f.Browser })
}

// signedIn is the person behind the session cookie; ok is false for nobody.
type signedIn struct {
	people.Person
	Session people.Session
}

func (s *Server) signedIn(r *http.Request) (*signedIn, error) {
	secret := s.cookie(r, sessionCookie)
	if secret == "" {
		return nil, nil
	}
	session, person, err := s.people.Session(r.Context(), secret)
	if errors.Is(err, people.ErrNoSession) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &signedIn{Person: person, Session: session}, nil
}

// signedInName is "" for nobody.
func (s *Server) signedInName(r *http.Request) string {
	who, err := s.signedIn(r)
	if err != nil || who == nil {
		return ""
	}
	return who.Name
}

// ownFlow loads a flow and refuses it to any browser but the one it belongs
// to: a handle that leaked, or was planted on somebody, resumes nothing.
func (s *Server) ownFlow(w http.ResponseWriter, r *http.Request, handle string) (*flow, error) {
	f, err := s.browserFlow(w, r, handle)
	if err == nil && f.Spent {
		return nil, finished(f) // nobody is asked for a password that leads nowhere
	}
	return f, err
}

// browserFlow is ownFlow, also for a flow that is over.
func (s *Server) browserFlow(w http.ResponseWriter, r *http.Request, handle string) (*flow, error) {
	var q authorizationRequest
	f, err := s.loadFlow(r.Context(), "authorization", handle, &q)
	if errors.Is(err, errNoFlow) {
		f, err = s.loadFlow(r.Context(), deviceFlow, handle, &q)
	}
	if errors.Is(err, errNoFlow) {
		return nil, oauth.NewPage(400, "invalid_request", "This sign-in has ended", "It was open for too long, or the address isn’t complete. Go back to the app and start again.")
	}
	if err != nil {
		return nil, err
	}
	f.Request = q
	if err := s.ownedBy(w, r, f); err != nil {
		return nil, err
	}
	client, err := s.store.Client(r.Context(), q.ClientID)
	if err != nil {
		return nil, clientGone(err)
	}
	return f, s.stillServed(r.Context(), &q, client, nil)
}

func (s *Server) ownedBy(w http.ResponseWriter, r *http.Request, f *flow) error {
	if f.Browser == "" {
		id := s.browserOf(w, r)
		err := s.bindFlow(r.Context(), f, id)
		if err != nil && !errors.Is(err, errSpent) {
			return err
		}
		if err == nil {
			return nil
		}
	}
	known := s.browsers(r)
	if s.check(r.Context(), rules.FlowOfBrowser, s.begunHere(f, r), "browser "+ledger.Short(f.Browser), "browser "+hashesOf(known)) {
		return nil
	}
	if len(known) == 0 {
		return s.noCookies(r, http.StatusForbidden)
	}
	return oauth.NewPage(http.StatusForbidden, "access_denied", "This sign-in belongs to another browser", "It can only be finished where it was started. Go back to the app and start again here.").Citing(rules.FlowOfBrowser)
}

// noCookies tells somebody whose browser has sent none, rather than sending
// them round in a circle. Another browser looks the same, so it names both.
func (s *Server) noCookies(r *http.Request, status int) error {
	e := oauth.NewPage(status, "access_denied", "This browser sends no cookies", "Signing in needs cookies: they show that a sign-in ends in the browser that began it.").Citing(rules.FlowOfBrowser)
	e.Page.Why = "Allow cookies for " + r.Host + " in this browser’s settings, then go back to the app and start again. If you began in another browser, finish it there."
	return e
}

func hashesOf(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, ledger.Short(ledger.Hash(id)))
	}
	return strings.Join(out, " ")
}

// formOf returns the person whose form this is: the one that it was drawn for,
// in the browser that the flow belongs to. They may have signed in anew
// meanwhile, in another tab; somebody else may not press for them.
func (s *Server) formOf(r *http.Request, f *flow, sent string, drawn func(*flow, *signedIn) string) (*signedIn, error) {
	who, err := s.signedIn(r)
	if err != nil {
		return nil, err
	}
	if who == nil {
		return nil, oauth.NewPage(http.StatusForbidden, "access_denied", "You are signed out", "You signed out after this page was shown, so nothing was done.").Citing(rules.FormOfPerson).
			Offering(pathAuthorize+"?flow="+f.Handle, "Sign in and continue")
	}
	if s.check(r.Context(), rules.FormOfPerson, sent == drawn(f, who), "the same person", "the form's") {
		return who, nil
	}
	return nil, otherPerson(rules.FormOfPerson, who).Offering(pathAuthorize+"?flow="+f.Handle, "Continue as "+who.Name)
}

// otherPerson says who is signed in now, where a form was shown to somebody else.
func otherPerson(rule ledger.Rule, who *signedIn) *oauth.Error {
	return oauth.NewPage(http.StatusForbidden, "access_denied", "You are signed in as "+who.Name+" now", "The page was shown to somebody else, who was signed in to this browser before. Nothing was done. Continue as "+who.Name+", or go back and sign in with the other account.").Citing(rule)
}

// displayRedirect shows where a person will be sent, as they can check it.
func displayRedirect(redirect string) (where, note string) {
	u, err := url.Parse(redirect)
	if err != nil {
		return redirect, ""
	}
	switch host := u.Hostname(); {
	case u.Scheme != "http" && u.Scheme != "https":
		return redirect, "an app on this device."
	case host == "localhost" || host == "127.0.0.1" || host == "::1":
		return strings.TrimPrefix(redirect, "http://"), "an app on this computer."
	default:
		return strings.TrimPrefix(strings.TrimPrefix(redirect, "https://"), "http://"), "a site on the web."
	}
}
