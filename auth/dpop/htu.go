package dpop

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/exampleco/punchcard/auth/edge"
)

// targets are the URLs by which a client may have meant this request, without
// query and fragment: the one under the address that it knows the server by,
// and, on the same machine, the one that it really asked. A server behind a
// proxy, or asked as 127.0.0.1 instead of localhost, is the same server.
// Whatever else stands in the Host header is the sender's word, and is not
// looked at: with it, a proof made for another server could be used here.
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

// normal is a URL without query and fragment, in the spelling that RFC 3986
// 6.2.2 and 6.2.3 make the same for all that mean the same; "" for what is no
// http URL. RFC 9449 4.3 asks for that before htu is compared.
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

// plainly decodes what needs no percent-encoding, and writes the rest in upper
// case. url.Parse has checked that each % has two digits behind it.
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

// unreserved is RFC 3986 2.3.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
