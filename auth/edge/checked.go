package edge

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Refusal answers a request that no handler gets to see, in the form of whoever
// asked: a page, OAuth's JSON, a problem.
type Refusal func(w http.ResponseWriter, r *http.Request, status int, detail string)

// Checked stands before a mux and refuses what no handler should have to think
// of: a query that cannot be decoded, a body in a coding that is not served, a
// method that a path does not take.
func Checked(mux *http.ServeMux, refuse Refusal) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Handlers read the query with a parser that drops what it cannot decode,
		// and a filter that is dropped shows everything.
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			refuse(w, r, http.StatusBadRequest, "The query cannot be decoded: a % must be followed by two hexadecimal digits, and a ; written as %3B.")
			return
		}
		if coding := contentCoding(r); coding != "" {
			// RFC 9110 12.5.3: the answer names what would have been accepted.
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

// NotAllowed is 405; RFC 9110 15.5.6: it MUST say what is allowed.
func NotAllowed(w http.ResponseWriter, r *http.Request, allowed []string, refuse Refusal) {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuse(w, r, http.StatusMethodNotAllowed, "This address does not take "+r.Method+". Use "+strings.Join(allowed, " or ")+".")
}

// contentCoding is the coding of a body, "" for none (RFC 9110 8.4). None is
// served: a handler would take the compressed bytes for what they stand for.
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

// methods are those of RFC 9110 9.3 and RFC 5789 that a route can have.
var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// otherMethods are those that the mux serves a path by, where it does not serve
// this one; nil where it does, or knows the path by none. The handler of "/" is
// the one for paths that lead nowhere.
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
