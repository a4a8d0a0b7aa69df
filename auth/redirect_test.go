package auth

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/oauth"
)

var (
	nativeURIs = []string{"http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback", "com.exampleco.timesheets:/callback"}
	webURIs    = []string{"https://app.example/cb", "http://localhost:3000/callback"}
)

func TestAdmits(t *testing.T) {
	rows := []struct {
		clause string
		native bool
		uri    string
		want   bool
	}{
		{"RFC 8252 7.3: any port", true, "http://127.0.0.1:49152/callback", true},
		{"RFC 8252 7.3: any port, IPv6", true, "http://[::1]:1/callback", true},
		{"RFC 9700 2.1: localhost as well", true, "http://localhost:65535/callback", true},
		{"RFC 8252 7.3: no port", true, "http://127.0.0.1/callback", true},
		{"RFC 8252 7.1: private-use scheme", true, "com.exampleco.timesheets:/callback", true},
		{"exact web", false, "https://app.example/cb", true},
		{"exact web on localhost", false, "http://localhost:3000/callback", true},

		{"other scheme form", true, "com.exampleco.timesheets://callback", false},
		{"other scheme path", true, "com.exampleco.timesheets:/callback2", false},
		{"other scheme case", true, "com.ExampleCo.timesheets:/callback", false},
		{"port only for native", false, "http://localhost:3001/callback", false},
		{"port zero", true, "http://127.0.0.1:0/callback", false},
		{"port beyond", true, "http://127.0.0.1:65536/callback", false},
		{"port 99999", true, "http://127.0.0.1:99999/callback", false},
		{"port empty", true, "http://127.0.0.1:/callback", false},
		{"port with zero in front", true, "http://127.0.0.1:080/callback", false},
		{"port signed", true, "http://127.0.0.1:+80/callback", false},
		{"user-info", true, "http://evil.com@127.0.0.1:5/callback", false},
		{"user and password", true, "http://u:p@127.0.0.1:5/callback", false},
		{"scheme case", true, "HTTP://127.0.0.1:5/callback", false},
		{"percent trick in path", true, "http://127.0.0.1:5/%63allback", false},
		{"bare question mark", true, "http://127.0.0.1:5/callback?", false},
		{"query added", true, "http://127.0.0.1:5/callback?x=1", false},
		{"bare hash", true, "http://127.0.0.1:5/callback#", false},
		{"fragment", true, "http://127.0.0.1:5/callback#f", false},
		{"bare hash on an exact one", false, "https://app.example/cb#", false},
		{"127.0.0.2", true, "http://127.0.0.2:5/callback", false},
		{"127.1", true, "http://127.1:5/callback", false},
		{"decimal address", true, "http://2130706433:5/callback", false},
		{"mapped address", true, "http://[::ffff:127.0.0.1]:5/callback", false},
		{"long IPv6", true, "http://[0:0:0:0:0:0:0:1]:5/callback", false},
		{"suffix", true, "http://127.0.0.1.evil.com:5/callback", false},
		{"localhost suffix", true, "http://localhost.evil.com:5/callback", false},
		{"https loopback", true, "https://127.0.0.1:5/callback", false},
		{"letter case of the path", false, "https://app.example/CB", false},
		{"letter case of the host", false, "https://APP.example/cb", false},
		{"slash added", false, "https://app.example/cb/", false},
		{"longer path", false, "https://app.example/cb2", false},
		{"shorter path", false, "https://app.example/c", false},
		{"host as user", false, "https://app.example@evil.com/cb", false},
		{"host as prefix", false, "https://app.example.evil.com/cb", false},
		{"dot segments", false, "https://app.example/cb/../x", false},
		{"dot segments with ;", false, "https://app.example/cb/..;/x", false},
		{"encoded dots", false, "https://app.example/cb/%2e%2e/x", false},
		{"default port written", false, "https://app.example:443/cb", false},
		{"http for https", false, "http://app.example/cb", false},
		{"leading space", false, " https://app.example/cb", false},
		{"newline", false, "https://app.example/cb\n", false},
		{"NUL", false, "https://app.example/cb\x00", false},
		{"backslash", false, `https://app.example\@evil.com/cb`, false},
		{"javascript", true, "javascript:alert(1)", false},
		{"data", true, "data:text/html,x", false},
		{"out of band", true, "urn:ietf:wg:oauth:2.0:oob", false},
		{"empty", true, "", false},
	}
	for _, row := range rows {
		t.Run(row.clause, func(t *testing.T) {
			registered := webURIs
			if row.native {
				registered = nativeURIs
			}
			if got := admits(registered, row.native, row.uri); got != row.want {
				t.Errorf("admits(%q) = %v, want %v", row.uri, got, row.want)
			}
		})
	}
}

// localhost may resolve to anything; 127.0.0.1 may not: the two never stand
// for one another.
func TestLoopbackHostsNeverCross(t *testing.T) {
	only := []string{"http://localhost/callback"}
	if admits(only, true, "http://127.0.0.1:5/callback") {
		t.Error("127.0.0.1 was admitted for a client that registered localhost")
	}
}

func TestFormAction(t *testing.T) {
	for uri, want := range map[string]string{
		"http://127.0.0.1:49152/callback":    "http://localhost:* http://127.0.0.1:*",
		"http://localhost:3000":              "http://localhost:* http://127.0.0.1:*",
		"http://[::1]:5/callback":            "http:",
		"https://app.example/cb":             "https:",
		"com.exampleco.timesheets:/callback": "com.exampleco.timesheets:",
		"":                                   "",
	} {
		if got := formAction(uri); got != want {
			t.Errorf("formAction(%q) = %q, want %q", uri, got, want)
		}
	}
}

// The oracle: whatever is admitted differs from a registered URI in nothing
// but the digits of a port.
// The ledger has no secret that somebody put into an address which is refused.
func TestARefusedAddressIsLegible(t *testing.T) {
	for sent, want := range map[string]string{
		"https://a.example/cb":              "https://a.example/cb",
		"com.example.app:/cb":               "com.example.app:/cb",
		"https://u:secret@a.example/cb":     "https://a.example/cb with more, which is not shown",
		"https://a.example/cb?token=secret": "https://a.example/cb with more, which is not shown",
		"https://a.example/cb#secret":       "https://a.example/cb with more, which is not shown",
		"http://u:secret@%zz/":              "what is no URI",
	} {
		if got := asSent(false, sent); got != want {
			t.Errorf("%s: %q, want %q", sent, got, want)
		}
		if got := asSent(true, sent); got != sent {
			t.Errorf("%s, which is registered: %q", sent, got)
		}
	}
}

func FuzzAdmits(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:5/callback", "http://[::1]:5/callback", "com.exampleco.timesheets:/callback", "http://u@127.0.0.1/callback", "http://127.0.0.1:/callback?#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if !admits(nativeURIs, true, uri) {
			return
		}
		u, err := url.Parse(uri)
		if err != nil {
			t.Fatalf("admitted %q, which does not parse", uri)
		}
		without := strings.Replace(uri, ":"+u.Port(), "", 1)
		if u.Port() == "" {
			without = uri
		}
		if !slices.Contains(nativeURIs, without) {
			t.Fatalf("admitted %q", uri)
		}
	})
}

// The page that refuses a redirect URI points at what is wrong, not at the
// port, which may differ.
func TestCompare(t *testing.T) {
	for _, row := range []struct {
		sent, nearest string
		at            int
	}{
		{"http://127.0.0.1:49152/callbakc", "http://127.0.0.1:49152/callback", 29},
		{"http://127.0.0.1/callbakc", "http://127.0.0.1/callback", 23},
		{"http://[::1]:5/x", "http://[::1]:5/callback", 15},
		{"com.exampleco.timesheets:/other", "com.exampleco.timesheets:/callback", 26},
	} {
		c := oauth.NewPage(400, "invalid_request", "", "").Comparing("redirect_uri", row.sent, nativeURIs, onPort(row.sent)).Page.Compare
		if c.Known[0] != row.nearest || c.DiffAt != row.at || len(c.Known) != len(nativeURIs) {
			t.Errorf("%s: nearest %s at %d of %d", row.sent, c.Known[0], c.DiffAt, len(c.Known))
		}
	}
}
