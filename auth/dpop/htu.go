package dpop

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/exampleco/punchcard/auth/edge"
)

// targets lists the URLs that a client may have used for this request, without
// query and fragment: the URL under the address that the client knows, and, on
// the same machine, the URL that was really requested. A server behind a
// proxy, or one that is called 127.0.0.1 instead of localhost, is the same
// server. Any other value of the Host header is chosen by the sender and is
// ignored: with it, a proof made for another server could be used here.
func (c *Checker) targets(r *http.Request) []string {
	path := r.URL.EscapedPath()
	urls := []string{normal(c.Base + path)}
	if direct := (&url.URL{Host: r.Host}); edge.OnThisMachine(direct.Hostname()) {
		if u := normal("http://" + r.Host + path); u != "" && u != urls[0] {
			urls = append(urls, u)
		}
	}
	return urls
}

// normal returns a URL without query and fragment, in the normal form of RFC
// 3986 6.2.2 and 6.2.3. It returns "" for anything that is not an http URL.
// RFC 9449 4.3 asks for this before htu is compared.
func normal(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil {
		return ""
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "http" && scheme != "https" {
		return ""
	}
	host := edge.Authority(scheme, u.Host)
	path := plainly(u.EscapedPath())
	if path == "" {
		path = "/"
	}
	if host == "" {
		return ""
	}
	return scheme + "://" + host + path
}

// plainly decodes every percent-encoding that is not needed, and writes the
// rest in upper case. url.Parse has checked that each % is followed by two
// digits.
func plainly(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		code := strings.ToUpper(path[i : i+3])
		if c, err := url.PathUnescape(code); err == nil && unreserved(c[0]) {
			b.WriteString(c)
		} else {
			b.WriteString(code)
		}
		i += 2
	}
	return b.String()
}

// unreserved reports whether RFC 3986 2.3 lists the character.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
