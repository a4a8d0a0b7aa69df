package seed

import (
	"strings"
	"testing"
)

var reservedInTest = []string{"code", "state", "iss", "error"}

func provesRedirectURIs(t *testing.T) {
	const any = "" // whatever the kind
	for _, c := range []struct {
		uri, kind string
		problem   string // a part of it; "" where the URI is good
	}{
		// RFC 6749 3.1.2, RFC 9700 2.1: good ones.
		{"https://app.example.com/callback", any, ""},
		{"https://app.example.com", any, ""},
		{"https://app.example.com:8443/cb?tenant=1&x=%20", any, ""},
		{"https://[2001:db8::1]/cb", any, ""},
		{"http://localhost:3000", any, ""},
		{"http://127.0.0.1/callback", any, ""},
		{"http://[::1]:5000/callback", any, ""},
		{"{base}/app/callback", any, ""},
		{"{base}", any, ""},
		{"com.exampleco.timesheets:/callback", KindNative, ""},
		{"com.exampleco.timesheets://callback", KindNative, ""},
		// RFC 8252 7.1 wants a domain in the scheme; known agents have none.
		{"cursor://anysphere.cursor-mcp/oauth/callback", KindNative, ""},
		{"vscode-insiders://publisher.extension/callback", KindNative, ""},
		{"cursor://anysphere.cursor-mcp/oauth/callback", KindWeb, "only for native"},
		{"cursors://x/callback", KindNative, "scheme cursors"},
		{"vscode-file://x/callback", KindNative, "scheme vscode-file"},

		// A URI that is none, or none of ours.
		{"/callback", any, "absolute"},
		{"app.example.com/callback", any, "absolute"},
		{"://x", any, "not a URI"},
		{"https://a.example/%zz", any, "not a URI"},
		{"https:///cb", any, "no host"},
		{"https:cb", any, "no host"},
		{"https://a.example/" + strings.Repeat("x", 2000), any, "longer than"},
		{"{base}.evil.example/cb", any, "go on with /"},
		{"{base}@evil.example/cb", any, "go on with /"},
		{"{base}?x=1", any, "go on with /"},
		{"{base}#", any, "go on with /"},
		{"https://evil.example/{base}", any, "only at its beginning"},
		{"{base}/{base}", any, "only at its beginning"},

		// RFC 6749 3.1.2: no fragment, the bare one included.
		{"https://a.example/cb#f", any, "fragment"},
		{"https://a.example/cb#", any, "fragment"},

		// What browsers and parsers read differently.
		{"https://user@a.example/cb", any, "user name"},
		{"https://user:pw@a.example/cb", any, "user name"},
		{"http://evil.example@127.0.0.1/cb", any, "user name"},
		{"https://a.example/cb?", any, "empty query"},
		{"https://a.example/c b", any, "a character"},
		{" https://a.example/cb", any, "a character"},
		{"https://a.example/cb\n", any, "a character"},
		{"https://a.example/\x00cb", any, "a character"},
		{"https://a.example\\@evil.example/cb", any, "a character"},
		{"https://exämple.com/cb", any, "a character"},
		{"https://a.example/../cb", any, ". or .."},
		{"https://a.example/%2e%2e/cb", any, ". or .."},
		{"https://a%2eexample/cb", any, "not a URI"},
		{"https://a%E3%80%82example/cb", any, "no host name"},
		{"https://a,b/cb", any, "no host name"},
		{"https://App.example/cb", any, "host in lower case"},
		{"HTTPS://app.example/cb", any, "scheme in lower case"},
		{"https://a.example:/cb", any, "colon without a port"},
		{"https://a.example:0/cb", any, "port"},
		{"https://a.example:080/cb", any, "port"},
		{"https://a.example:65536/cb", any, "port"},
		{"https://a.example:x/cb", any, "not a URI"},
		{"http://[::1%25lo]/cb", any, "must be https"},
		{"https://[fe80::1%25eth0]/cb", any, "no IPv6 address"},

		// RFC 8252 7.3, 8.3: http never leaves the machine.
		{"http://app.example.com/cb", any, "must be https"},
		{"http://localhost.evil.example/cb", any, "must be https"},
		{"http://127.0.0.2/cb", any, "must be https"},
		{"http://127.1/cb", any, "must be https"},
		{"http://2130706433/cb", any, "must be https"},
		{"http://[::ffff:127.0.0.1]/cb", any, "must be https"},
		{"http://0.0.0.0/cb", any, "must be https"},
		{"http:///cb", any, "must be https"},

		// RFC 8252 7.1, and the schemes that a browser would run or open.
		{"myapp:/cb", KindNative, "scheme myapp"},
		{"javascript:alert(1)", KindNative, "scheme javascript"},
		{"data:text/html,x", KindNative, "scheme data"},
		{"file:///etc/passwd", KindNative, "scheme file"},
		{"urn:ietf:wg:oauth:2.0:oob", KindNative, "scheme urn"},
		{"com.example.app:cb", KindNative, "must have a path"},
		{"com.example.app:/cb", KindBrowser, "only for native"},
		{"com.example.app:/cb", KindWeb, "only for native"},

		// RFC 6749 4.1.2: parameters of the answer.
		{"https://a.example/cb?code=x", any, "code in its query"},
		{"https://a.example/cb?a=1&state=x", any, "state in its query"},
		{"https://a.example/cb?%69ss=x", any, "iss in its query"},
		{"https://a.example/cb?error", any, "error in its query"},
		{"https://a.example/cb?a;b", any, "cannot be read"},
	} {
		kinds := []string{c.kind}
		if c.kind == any {
			kinds = []string{KindNative, KindBrowser, KindWeb}
		}
		for _, kind := range kinds {
			got := uriProblem(c.uri, kind, reservedInTest...)
			if c.problem == "" && got != "" || c.problem != "" && !strings.Contains(got, c.problem) {
				t.Errorf("%q for a %s client: %q, want %q", c.uri, kind, got, c.problem)
			}
		}
	}
}

func TestOriginsDropTheSchemesOwnPort(t *testing.T) {
	got := strings.Join(origins([]string{"https://a.example:443/cb", "https://a.example/other", "http://localhost:80/", "http://localhost:8080/", "com.example.a:/cb", "{base}/x"}), " ")
	want := "https://a.example https://a.example/ http://localhost http://localhost/ http://localhost:8080 http://localhost:8080/ {base} {base}/"
	if got != want {
		t.Errorf("origins are\n%s\nwant (RFC 6454 6.2)\n%s", got, want)
	}
}
