package edge

import (
	"net/http"
	"slices"
)

// documents lists the documents that clients look for at an issuer's address.
var documents = []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}

// published lets clients find the metadata of an issuer that ends in a slash.
// OIDC Discovery 4.1 and RFC 8414 3.1 have them take that slash off first. Some
// don't: they ask for //.well-known/… where the path is appended, and for
// /.well-known/…/ where it is inserted. A client that has put a slash behind an
// issuer without one learns from the document how the issuer is written.
func published(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(documents, func(d string) bool { return r.URL.Path == "/"+d || r.URL.Path == d+"/" })
		if i < 0 {
			next.ServeHTTP(w, r)
			return
		}
		asked, address := *r, *r.URL
		address.Path, address.RawPath = documents[i], ""
		asked.URL = &address
		next.ServeHTTP(w, &asked)
	})
}
