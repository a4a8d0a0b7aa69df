package stack

import (
	"net/http"
	"strings"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/timesheets"
)

// ServeHTTP knows each path by one spelling.
func (r *rooms) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	switch {
	case edge.Spelled(q.URL.Path):
		edge.Checked(r.mux, r.refuse).ServeHTTP(w, q)
	case strings.HasPrefix(q.URL.Path, "/api/"):
		r.api.ServeHTTP(w, q) // whose 404 is a problem
	default:
		http.NotFound(w, q)
	}
}

// refuse answers what no handler gets to see in the form of whoever asked.
func (r *rooms) refuse(w http.ResponseWriter, q *http.Request, status int, detail string) {
	problem := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { timesheets.Refuse(w, status, detail) })
	switch control := strings.HasPrefix(q.URL.Path, "/inspector"); {
	case strings.HasPrefix(q.URL.Path, "/api/"):
		r.readable(problem).ServeHTTP(w, q)
	case control && !strings.Contains(q.Header.Get("Accept"), "text/html"):
		problem(w, q)
	default:
		r.auth.Refuse(w, q, status, detail)
	}
}

// only answers what asks by another method and is no preflight.
func (r *rooms) only(methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { edge.NotAllowed(w, q, methods, r.refuse) })
}
