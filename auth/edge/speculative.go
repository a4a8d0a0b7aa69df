package edge

import (
	"net/http"
	"strings"
)

// unspeculative refuses to load a page that nobody has asked for yet. RFC 9110
// 9.2.1: a safe method is one that the user is not held to; but on the way to a
// code, or out of a session, a page that is loaded is a step that is taken. A
// browser that gets 503 drops what it prefetched or prerendered, and loads the
// page when the person really goes there.
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

// speculative says whether a browser loads something in advance: by the Fetch
// standard's Sec-Purpose ("prefetch", "prefetch;prerender"), and by the headers
// that browsers sent before there was one.
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
