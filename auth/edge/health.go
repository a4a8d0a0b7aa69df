package edge

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
)

// Health answers health checks. Readiness fails while the server is stopping,
// and if the database file cannot be read.
func Health(mux *http.ServeMux, stopping *atomic.Bool, check func(context.Context) error) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, q *http.Request) {
		if stopping.Load() {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
		} else if err := check(q.Context()); err != nil {
			http.Error(w, "the database cannot be used", http.StatusServiceUnavailable)
		} else {
			fmt.Fprintln(w, "ok")
		}
	})
}
