package alone

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/timesheets"
	"github.com/exampleco/punchcard/timesheets/issuer"
)

// server is what serves.
type server struct {
	mux      *http.ServeMux
	api      http.Handler                    // with its cross-origin answers
	readable func(http.Handler) http.Handler // gives an answer of the API to the pages that may read it
	stopping atomic.Bool
}

// routes puts the API and its metadata on a mux.
func (c *Serve) routes(api *timesheets.API, file *sqlite.File) *server {
	s := &server{mux: http.NewServeMux()}
	s.readable = func(h http.Handler) http.Handler {
		return edge.CrossOrigin(h, c.admits, "GET", "POST", "PUT", "DELETE")
	}
	s.api = s.readable(api.Handler())
	s.mux.Handle("/api/", s.api)
	preflight := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		edge.NotAllowed(w, q, []string{"GET", "HEAD"}, s.refuse) // what asks by another method and is no preflight
	})
	for _, of := range []string{c.metadataPath(), c.metadataPath() + "/"} {
		s.mux.Handle("GET "+of, edge.CrossOrigin(api.Metadata(), c.admits, "GET"))
		s.mux.Handle("OPTIONS "+of, edge.CrossOrigin(preflight, c.admits, "GET"))
	}
	edge.Health(s.mux, &s.stopping, file.Check)
	return s
}

// ServeHTTP knows each path by one spelling.
func (s *server) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	switch {
	case edge.Spelled(q.URL.Path):
		edge.Checked(s.mux, s.refuse).ServeHTTP(w, q)
	case strings.HasPrefix(q.URL.Path, "/api/"):
		s.api.ServeHTTP(w, q) // whose 404 is a problem
	default:
		http.NotFound(w, q)
	}
}

// refuse answers what no handler gets to see in the form of whoever asked.
func (s *server) refuse(w http.ResponseWriter, q *http.Request, status int, detail string) {
	if !strings.HasPrefix(q.URL.Path, "/api/") {
		http.Error(w, detail, status)
		return
	}
	s.readable(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { timesheets.Refuse(w, status, detail) })).ServeHTTP(w, q)
}

func (c *Serve) admits(_ *http.Request, origin string) bool {
	return slices.ContainsFunc(c.AllowOrigin, func(allowed string) bool { return edge.Origin(allowed) == origin })
}

// remoteVerifier keeps what it has to know of the issuer up to date until ctx ends.
type remoteVerifier interface {
	timesheets.Verifier
	Follow(ctx context.Context)
}

// verifier is one of the three that there are; the third, in the same process
// as the authorization server, is adapter.
func (c *Serve) verifier(now func() time.Time, log *slog.Logger) remoteVerifier {
	asked := issuer.Config{Issuer: c.Issuer, Audience: c.Audience, Now: now, Log: log}
	if c.Verify == "introspection" {
		return issuer.NewIntrospection(asked, c.ClientID, c.ClientSecret)
	}
	return issuer.NewJWKS(asked)
}

// own is where clients find this API: at the address that its identifier is,
// or at our port.
func (c *Serve) own(l net.Listener) *url.URL {
	if u, err := url.Parse(c.Audience); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return &url.URL{Scheme: u.Scheme, Host: u.Host}
	}
	return &url.URL{Scheme: "http", Host: edge.Reached(l)}
}

// metadataPath is where RFC 9728 3.1 puts the document of a resource: between
// host and path of its identifier.
func (c *Serve) metadataPath() string {
	path := "/api"
	if u, err := url.Parse(c.Audience); err == nil && u.Host != "" {
		path = strings.TrimSuffix(u.Path, "/")
	}
	return "/.well-known/oauth-protected-resource" + path
}
