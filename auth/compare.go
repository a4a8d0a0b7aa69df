package auth

import (
	"regexp"
	"strings"

	"github.com/exampleco/punchcard/views"
)

// compare finds where a sent value first leaves the registered one it is
// nearest to, for the page that explains a refusal. alike turns a registered
// value into what would have been admitted in its place.
func compare(what, got string, known []string, alike func(string) string) *views.Compare {
	c := &views.Compare{What: what, Got: got, DiffAt: -1}
	best := -1
	for _, k := range known {
		shown, n := k, commonPrefix(got, k)
		if other := alike(k); commonPrefix(got, other) > n {
			shown, n = other, commonPrefix(got, other)
		}
		if n > best {
			best = n
			c.Known = append([]string{shown}, c.Known...)
		} else {
			c.Known = append(c.Known, k)
		}
	}
	if got != "" && len(known) > 0 {
		c.DiffAt = best
	}
	return c
}

// commonPrefix counts the runes that two texts begin with alike.
func commonPrefix(a, b string) int {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// exactly is for values without any latitude.
func exactly(registered string) string { return registered }

// onPort gives registered loopback URIs the port that was sent, because that
// is the one thing in which a native app's may differ (RFC 8252 7.3).
func onPort(sent string) func(string) string {
	port := strings.TrimSuffix(portIn.FindString(sent), "/")
	return func(registered string) string {
		host, path, ok := loopback(registered)
		if !ok {
			return registered
		}
		return "http://" + host + port + path
	}
}

// portIn finds a port by what follows it; "[::1]" has colons of its own.
var portIn = regexp.MustCompile(`:[0-9]{1,5}(?:/|$)`)
