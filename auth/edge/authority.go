package edge

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// Authority returns the host, with its port, in the spelling that browsers
// send: lower case, an IDN as its A-label, and without the scheme's default
// port (RFC 3986 3.2.2 and 6.2.3, RFC 5890 2.3.2.1). Hosts are compared in
// this spelling. An identifier such as the issuer is not a host: it is
// compared byte for byte.
func Authority(scheme, host string) string {
	name, port := host, ""
	if h, p, err := net.SplitHostPort(host); err == nil {
		name, port = h, p
	} else {
		name = strings.Trim(name, "[]")
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		name = ip.String()
	} else if ascii, err := labels.ToASCII(name); err == nil {
		name = ascii
	}
	name = strings.ToLower(name)
	switch {
	case port != "" && port != defaultPort(scheme):
		return net.JoinHostPort(name, port)
	case strings.Contains(name, ":"):
		return "[" + name + "]"
	}
	return name
}

// labels maps a name as browsers do before they look it up (UTS 46).
var labels = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

func defaultPort(scheme string) string {
	return map[string]string{"http": "80", "https": "443"}[strings.ToLower(scheme)]
}

// Port returns the port of an http(s) URL, or the scheme's default port.
func Port(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return defaultPort(u.Scheme)
}

// Origin is the origin of an http(s) URL as a browser writes it (RFC 6454 6.2),
// "" for any other scheme.
func Origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Scheme + "://" + Authority(u.Scheme, u.Host)
}

// OnThisMachine reports whether a host, without its port, never leads to
// another machine: a loopback address, or localhost and its subdomains (RFC
// 6761 6.3).
func OnThisMachine(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
