package edge

import (
	"net/http"
	"strings"
)

// CrossOrigin lets pages of other origins read a handler's responses if admits
// allows the origin. It also answers preflights. It never sends "*", which
// would allow every site.
func CrossOrigin(next http.Handler, admits func(r *http.Request, origin string) bool, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" && admits(r, origin) {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", exposed)
			if r.Method == http.MethodOptions {
				h.Add("Vary", "Access-Control-Request-Headers")
				h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
				h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
				h.Set("Access-Control-Max-Age", "600")
			}
		}
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// exposed lists the response headers that scripts need and that browsers hide
// by default.
const exposed = "WWW-Authenticate, DPoP-Nonce, Retry-After, ETag, Location, Link, Content-Disposition, Idempotency-Replayed, X-Request-Id"
