package edge

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Refusal answers a request that no handler sees. The answer fits the client:
// a page, OAuth JSON, or a problem document.
type Refusal func(w http.ResponseWriter, r *http.Request, status int, detail string)

// Checked runs before a mux and refuses what no handler should have to deal
// with: a query that cannot be decoded, a body with a content coding, and a
// method that the path does not accept.
func Checked(mux *http.ServeMux, refuse Refusal) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Handlers use a query parser that drops what it cannot decode. If it
		// dropped a filter, the answer would show everything.
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			refuse(w, r, http.StatusBadRequest, "The query cannot be decoded: a % must be followed by two hexadecimal digits, and a ; written as %3B.")
			return
		}
		if coding := contentCoding(r); coding != "" {
			// RFC 9110 12.5.3: the response says which codings are accepted.
			w.Header().Set("Accept-Encoding", "identity")
			refuse(w, r, http.StatusUnsupportedMediaType, "Send the body as it is, without Content-Encoding.")
			return
		}
		if allowed := otherMethods(mux, r); len(allowed) > 0 {
			NotAllowed(w, r, allowed, refuse)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// NotAllowed answers 405. RFC 9110 15.5.6: the response MUST list the allowed
// methods.
func NotAllowed(w http.ResponseWriter, r *http.Request, allowed []string, refuse Refusal) {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuse(w, r, http.StatusMethodNotAllowed, "This address does not take "+r.Method+". Use "+strings.Join(allowed, " or ")+".")
}

// contentCoding returns the coding of a body, or "" (RFC 9110 8.4). No coding
// is supported: a handler would read the compressed bytes as if they were the
// content.
func contentCoding(r *http.Request) string {
	if r.ContentLength == 0 {
		return ""
	}
	for _, coding := range strings.Split(strings.Join(r.Header.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return coding
		}
	}
	return ""
}

// methods lists the methods of RFC 9110 9.3 and RFC 5789 that a route can
// have.
var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// otherMethods returns the methods that the mux accepts for a path, if it does
// not accept this one. It returns nil if it does, or if it does not know the
// path. The handler of "/" is for unknown paths.
func otherMethods(mux *http.ServeMux, r *http.Request) (allowed []string) {
	served := func(method string) bool {
		probe := *r
		probe.Method = method
		_, pattern := mux.Handler(&probe)
		return pattern != "" && pattern != "/"
	}
	if served(r.Method) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(methods), func(method string) bool { return !served(method) })
}
