package stories

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// native is the seed's native app over HTTP, with the browser of its person.
type native struct {
	t                 *testing.T
	base, email       string
	browser, app      *http.Client
	verifier, state   string
	page              *html.Node // on the screen
	code              string
	access, refresh   string
	lastStatus        int
	lastBody, lastURL string
}

const redirectURI = "http://127.0.0.1:9/callback"

func newNative(t *testing.T, base, email string) *native {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &native{
		t: t, base: base, email: email, browser: &http.Client{Jar: jar, CheckRedirect: stay}, app: &http.Client{CheckRedirect: stay},
		verifier: random(), state: random(),
	}
}

// outside reaches a server by the name that the world knows it by.
func outside(t *testing.T, base, email string) *native {
	t.Helper()
	inside, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	n := newNative(t, "http://punchcard.test:8484", email)
	dial := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, inside.Host)
	}}
	t.Cleanup(dial.CloseIdleConnections)
	n.browser.Transport, n.app.Transport = dial, dial
	return n
}

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// send is one exchange; it returns where the answer leads.
func (n *native) send(client *http.Client, r *http.Request) (location string) {
	n.t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		n.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		n.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	n.lastStatus, n.lastBody, n.lastURL = answer.StatusCode, string(body), r.URL.String()
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		n.page = parse(n.t, n.lastBody)
	}
	return answer.Header.Get("Location")
}

func (n *native) request(method, target string, form url.Values) *http.Request {
	n.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = n.base + target
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, target, body)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// follow goes where redirects lead, until a page or the app is reached.
func (n *native) follow(location string) {
	n.t.Helper()
	for location != "" {
		if u, err := url.Parse(location); err == nil && strings.HasPrefix(location, redirectURI) {
			n.code = u.Query().Get("code")
			return
		}
		location = n.send(n.browser, n.request("GET", location, nil))
	}
}

func (n *native) ask(more ...string) {
	n.t.Helper()
	challenge := sha256.Sum256([]byte(n.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {"timesheets-mobile"}, "redirect_uri": {redirectURI}, "state": {n.state},
		"scope":          {"openid offline_access read:timesheets create:timesheets"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	n.follow(n.send(n.browser, n.request("GET", "/authorize?"+q.Encode(), nil)))
}

// submit sends the form on the screen with what a person adds.
func (n *native) submit(more ...string) {
	n.t.Helper()
	form := find(n.page, func(e *html.Node) bool { return e.Data == "form" && attr(e, "method") == "post" })
	if form == nil {
		n.t.Fatalf("no form on the screen at %s: %d %.300s", n.lastURL, n.lastStatus, text(n.page))
	}
	fields := url.Values{}
	for _, input := range all(form, func(e *html.Node) bool { return e.Data == "input" }) {
		_, checked := attribute(input, "checked")
		_, disabled := attribute(input, "disabled")
		if kind := attr(input, "type"); !disabled && (kind == "hidden" || kind == "checkbox" && checked && attr(input, "name") != "remember") {
			fields.Add(attr(input, "name"), attr(input, "value"))
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	n.follow(n.send(n.browser, n.request("POST", attr(form, "action"), fields)))
}

func (n *native) login() { n.t.Helper(); n.submit("email", n.email, "password", "timesheets") }
func (n *native) allow() { n.t.Helper(); n.submit("decision", "allow") }

// post is a direct request of the app.
func (n *native) post(path string, form url.Values) {
	n.t.Helper()
	n.send(n.app, n.request("POST", path, form))
}

func (n *native) take() {
	n.t.Helper()
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(n.lastBody), &tokens); err != nil || n.lastStatus != 200 || tokens.Access == "" {
		n.t.Fatalf("no tokens: %d %s", n.lastStatus, n.lastBody)
	}
	n.access, n.refresh = tokens.Access, tokens.Refresh
}

func (n *native) swap() {
	n.t.Helper()
	n.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"timesheets-mobile"}, "redirect_uri": {redirectURI}, "code": {n.code}, "code_verifier": {n.verifier}})
	n.take()
}

func (n *native) renewal() url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {"timesheets-mobile"}, "refresh_token": {n.refresh}}
}

func (n *native) call(path string) int {
	n.t.Helper()
	r := n.request("GET", path, nil)
	r.Header.Set("Authorization", "Bearer "+n.access)
	r.Header.Set("Accept", "application/json")
	n.send(n.app, r)
	return n.lastStatus
}

// steps are the whole flow, one after the other.
func (n *native) steps() []func() {
	return []func(){func() { n.ask() }, n.login, n.allow, n.swap, func() { n.call("/api/timesheets") }}
}

func (n *native) whole() *native {
	n.t.Helper()
	for _, step := range n.steps() {
		step()
	}
	return n
}

func parse(t *testing.T, body string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func attr(n *html.Node, name string) string { v, _ := attribute(n, name); return v }

func hasClass(n *html.Node, class string) bool {
	return slices.Contains(strings.Fields(attr(n, "class")), class)
}

func all(n *html.Node, want func(*html.Node) bool) (out []*html.Node) {
	if n == nil {
		return nil
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && want(d) {
			out = append(out, d)
		}
	}
	return out
}

func find(n *html.Node, want func(*html.Node) bool) *html.Node {
	if found := all(n, want); len(found) > 0 {
		return found[0]
	}
	return nil
}

// text is what is read aloud in plain words: no specification's terms, no
// drawings.
func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
		if n.Type == html.ElementNode && (hasClass(n, "spec") || n.Data == "script" || n.Data == "svg") {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}
