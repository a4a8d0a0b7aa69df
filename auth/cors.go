package auth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// cors lets the apps of registered browser origins read an answer. The
// authorization endpoint never has it: RFC 9700 2.6, it is for navigation, and
// a script that could read it would read the code.
func (s *Server) cors(route Route, next http.Handler) http.Handler {
	if !route.CORS {
		return next
	}
	return s.readable(route.Path, next, route.Methods...)
}

// beforeRegistration is what an app has to read before its origin can be
// registered: how to register, and that.
var beforeRegistration = []string{pathDiscovery, pathMetadata, pathRegister, pathRegister + "/{id}"}

func (s *Server) readable(path string, next http.Handler, methods ...string) http.Handler {
	if slices.Contains(beforeRegistration, path) {
		return s.PublicCORS(next, methods...)
	}
	return s.CORS(next, methods...)
}

// CORS wraps a handler with the cross-origin answers for the registered
// browser origins, preflights included. Main puts it round the API as well.
func (s *Server) CORS(next http.Handler, methods ...string) http.Handler {
	return s.crossOrigin(next, s.browserOrigin, methods)
}

// PublicCORS is CORS that also lets those read who may register: what says how
// to, such as the metadata of the API, has no secrets and takes no cookies.
func (s *Server) PublicCORS(next http.Handler, methods ...string) http.Handler {
	return s.crossOrigin(next, s.mayRead, methods)
}

// mayRead: where registration is open, that is any page of this machine; where
// it takes an initial access token, the token decides and not the origin.
func (s *Server) mayRead(r *http.Request, origin string) bool {
	if s.openRegistration && onThisMachine(origin) || !s.openRegistration && edge.Origin(origin) == origin {
		return true
	}
	return s.browserOrigin(r, origin)
}

func (s *Server) crossOrigin(next http.Handler, admits func(*http.Request, string) bool, methods []string) http.Handler {
	return edge.CrossOrigin(next, func(r *http.Request, origin string) bool {
		return s.check(r.Context(), rules.OriginRegistered, admits(r, origin), "an origin of a browser client", origin)
	}, methods...)
}

// browserOrigin says whether a browser client has a redirect URI there. One
// that registered itself may be a page that passes for a native app, because
// it is served on the person's own machine.
func (s *Server) browserOrigin(r *http.Request, origin string) bool {
	stored := origin
	if origin == edge.Origin(s.base) {
		stored = s.base
	}
	clients, err := s.store.ClientsAt(r.Context(), stored)
	if err != nil {
		return false
	}
	for _, c := range clients {
		if (c.Kind == "browser" || c.Kind == "native" && c.Source == store.SourceRuntime) && slices.ContainsFunc(c.RedirectURIs, func(uri string) bool { return edge.Origin(uri) == origin }) {
			return true
		}
	}
	return false
}

// otherMethods answers the methods that a path does not serve: preflights for
// the paths that browsers read, 405 with Allow for all else.
func (s *Server) otherMethods(path string, methods []string) http.Handler {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { edge.NotAllowed(w, r, methods, s.notServed) })
	for _, route := range s.Routes() {
		if route.Path == path && route.CORS {
			return s.readable(path, refuse, methods...)
		}
	}
	return refuse
}

// Refuse is an edge.Refusal for every path of the process but those of the API.
// Apps in browsers can read it where they could read the answer.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, status int, detail string) {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.notServed(w, r, status, detail) })
	for _, route := range s.Routes() {
		if route.CORS && route.serves(r.URL.Path) {
			s.readable(route.Path, refuse, route.Methods...).ServeHTTP(w, r)
			return
		}
	}
	refuse(w, r)
}

// notServed answers in the form of whoever asked: OAuth's JSON at the endpoints for
// clients, a page for people, a line for a program that looks at a page.
func (s *Server) notServed(w http.ResponseWriter, r *http.Request, status int, detail string) {
	ours := slices.ContainsFunc(s.Routes(), func(route Route) bool { return route.serves(r.URL.Path) })
	switch {
	case !edge.IsPage(r.URL.Path) && ours:
		s.json(func(http.ResponseWriter, *http.Request) error {
			e := oauth.NewError("invalid_request", detail)
			e.Status = status
			return e
		}).ServeHTTP(w, r)
	case ours || strings.Contains(r.Header.Get("Accept"), "text/html"):
		s.answering(func(http.ResponseWriter, *http.Request) error {
			title, rule := "This request can’t be read", rules.AddressReadable
			switch status {
			case http.StatusMethodNotAllowed:
				title, rule = "This address isn’t used that way", rules.MethodServed
			case http.StatusUnsupportedMediaType:
				rule = rules.MediaTypeServed
			}
			s.check(r.Context(), rule, false, "a request that is served here", detail)
			return oauth.NewPage(status, "invalid_request", title, detail).Citing(rule)
		}).ServeHTTP(w, r)
	default:
		http.Error(w, detail, status)
	}
}

// onThisMachine says whether an origin is one of this machine.
func onThisMachine(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && edge.Origin(origin) == origin && edge.OnThisMachine(u.Hostname())
}
