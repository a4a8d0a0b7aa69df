package auth

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/exampleco/punchcard/auth/people"
)

// Two cookies: one names the browser, so that a flow belongs to the browser
// that began it; one is the browser session of the person signed in.
const (
	browserCookie = "browser"
	sessionCookie = "session"
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
	c := &http.Cookie{
		Name: s.cookieName(kind), Value: value, Path: "/",
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

// browserOf returns the hash that names this browser, giving it a cookie first
// where it has none.
func (s *Server) browserOf(w http.ResponseWriter, r *http.Request) string {
	id := s.cookie(r, browserCookie)
	if len(id) != len(randomToken("")) {
		id = randomToken("")
		s.setCookie(w, browserCookie, id)
	}
	return hashOf(id)
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
		return nil, pageProblem(400, "invalid_request", "This sign-in has ended", "It was open for too long, or the address isn’t complete. Go back to the app and start again.", "")
	}
	if err != nil {
		return nil, err
	}
	f.Request = q
	if err := s.ownedBy(r.Context(), f, s.browserOf(w, r)); err != nil {
		return nil, err
	}
	return f, nil
}

func (s *Server) ownedBy(ctx context.Context, f *flow, browser string) error {
	if f.Browser == "" {
		if err := s.bindFlow(ctx, f, browser); err != nil && !errors.Is(err, errSpent) {
			return err
		}
	}
	// RFC 6749 10.12: otherwise an attacker's own flow could be finished by a victim's browser.
	if !s.check(ctx, "flow belongs to this browser", "RFC 6749 10.12", f.Browser == browser, "browser "+clipHash(f.Browser), "browser "+clipHash(browser)) {
		return pageProblem(http.StatusForbidden, "access_denied", "This sign-in belongs to another browser", "It can only be finished where it was started. Go back to the app and start again here.", "RFC 6749 10.12")
	}
	return nil
}

func clipHash(h string) string {
	if len(h) > 8 {
		return h[:8]
	}
	return h
}

// sourceOf is the network address that throttling counts. Forwarding headers
// are not read: anybody can send them.
func sourceOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
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
