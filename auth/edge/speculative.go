package edge

import (
	"net/http"
	"strings"
)

// unspeculative refuses to load a page that the user has not asked for yet.
// RFC 9110 9.2.1 calls a GET safe, but on the way to a code, or when signing
// out, loading a page is a step of the flow. If a prefetch or prerender gets
// 503, the browser drops it and loads the page when the user really goes
// there.
func unspeculative(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if speculative(r) && IsPage(r.URL.Path) {
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "Pages of this server are not loaded in advance.", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// speculative reports whether a browser is loading something in advance: by
// the Fetch standard's Sec-Purpose ("prefetch", "prefetch;prerender"), and by
// the headers that older browsers send.
func speculative(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		purpose, _, _ := strings.Cut(r.Header.Get(name), ";")
		switch strings.ToLower(strings.TrimSpace(purpose)) {
		case "prefetch", "prerender", "preview":
			return true
		}
	}
	return false
}
