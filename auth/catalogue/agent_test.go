package catalogue

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	browser "github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// agent is whoever talks to the server: a browser with its cookies, or a
// client. It follows no redirect by itself, and prints the conversation when
// its case fails.
type agent struct {
	t       *testing.T
	browser *browser.Browser
	http    *http.Client
}

func newAgent(t *testing.T) *agent {
	t.Helper()
	b := browser.New(t, issuer)
	b.HTTP.Transport = watched{http.DefaultTransport}
	return &agent{t: t, browser: b, http: b.HTTP}
}

// watched notices the cookies of every answer.
type watched struct{ http.RoundTripper }

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		noticed(resp)
	}
	return resp, err
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

func (a *agent) send(r *http.Request) answer {
	a.t.Helper()
	got := a.browser.Send(r)
	return answer{got.Response, got.Text}
}

// do sends a request; headers are pairs, "" takes one away.
func (a *agent) do(method, target, body string, header ...string) answer {
	a.t.Helper()
	r, err := http.NewRequest(method, absolute(target), strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return a.send(r)
}

func absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return base + target
	}
	return target
}

func (a *agent) get(target string, header ...string) answer {
	a.t.Helper()
	return a.do(http.MethodGet, target, "", header...)
}

func (a *agent) post(target string, form url.Values, header ...string) answer {
	a.t.Helper()
	return a.do(http.MethodPost, target, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

// api calls the Timesheets API with a bearer token.
func (a *agent) api(method, path, token, body string, header ...string) answer {
	a.t.Helper()
	if body != "" {
		header = append([]string{"Content-Type", "application/json"}, header...)
	}
	return a.do(method, "/api"+path, body, append(header, "Authorization", "Bearer "+token)...)
}

func (b answer) json(t *testing.T) map[string]any {
	t.Helper()
	return browser.Answer{Response: b.Response, Text: b.body}.JSON(t)
}

// follow walks the server's own redirects until a page is shown or the browser
// would leave for the client.
func (a *agent) follow(from answer) answer {
	a.t.Helper()
	got := a.browser.Follow(browser.Answer{Response: from.Response, Text: from.body})
	return answer{got.Response, got.Text}
}

// form is the one form of a page, filled in as it was drawn.
type form struct {
	action string
	values url.Values
	boxes  []string // the scopes that could be ticked
}

func (b answer) form(t *testing.T) form {
	t.Helper()
	f := browser.Answer{Response: b.Response, Text: b.body}.Form(t)
	return form{f.Action, f.Values, f.Scopes}
}

// client is an app: it keeps the verifier and makes the requests.
type client struct {
	id, secret, redirect, scope string
	verifier, state             string
}

const (
	everything = "openid profile email offline_access read:timesheets create:timesheets delete:timesheets approve:timesheets"
	loopback   = "http://127.0.0.1:49152/callback"
)

// native is the seed's phone app, web its confidential client.
func native() *client {
	return &client{id: "timesheets-mobile", redirect: loopback, scope: everything,
		verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", state: "af0ifjsldkj"}
}

func web() *client {
	c := native()
	c.id, c.secret, c.redirect = "timesheets-web", "timesheets-web-secret", "http://localhost:3000/callback"
	return c
}

// legacy is the seed's client that is registered require_pkce: false.
func legacy() *client {
	c := web()
	c.id, c.secret = "timesheets-legacy", "timesheets-legacy-secret"
	return c
}

func spa() *client {
	c := native()
	c.id, c.redirect = "timesheets-spa", "http://localhost:5173/callback"
	return c
}

func (c client) asking(scope string) *client { c.scope = scope; return &c }

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is the authorization request; pairs replace or add parameters, an
// empty value takes one away.
func (c *client) request(pairs ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {c.redirect}, "scope": {c.scope}, "state": {c.state},
		"code_challenge": {challengeOf(c.verifier)}, "code_challenge_method": {"S256"}, "nonce": {"n-0S6_WzA2Mj"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return q
}

func (c *client) authorize(pairs ...string) string {
	return "/authorize?" + c.request(pairs...).Encode()
}

// The people of the seed.
const (
	ada, alan, grace = "ada@example.com", "alan@example.com", "grace@example.com"
	password         = "timesheets"
)

// signIn fills in a login page.
func (a *agent) signIn(page answer, email string) answer {
	a.t.Helper()
	f := page.form(a.t)
	f.values.Set("email", email)
	f.values.Set("password", password)
	return a.follow(a.post(f.action, f.values))
}

// asked goes from the authorization request to the consent page.
func (a *agent) asked(c *client, email string, pairs ...string) answer {
	a.t.Helper()
	page := a.follow(a.get(c.authorize(pairs...)))
	if strings.HasPrefix(page.Request.URL.Path, "/login") {
		page = a.signIn(page, email)
	}
	if page.Request.URL.Path != "/consent" || page.StatusCode != http.StatusOK {
		a.t.Fatalf("expected the consent page, came to %s %d", page.Request.URL.Path, page.StatusCode)
	}
	return page
}

// decide presses a button of the consent page.
func (a *agent) decide(page answer, decision string, edit ...func(url.Values)) answer {
	a.t.Helper()
	f := page.form(a.t)
	f.values.Set("decision", decision)
	for _, change := range edit {
		change(f.values)
	}
	return a.follow(a.post(f.action, f.values))
}

// all ticks every box that the page offers.
func all(page answer, t *testing.T) func(url.Values) {
	return func(v url.Values) { v["scope"] = page.form(t).boxes }
}

// arrives reads the authorization response at the client, and checks what each
// must carry: 302 or 303 (RFC 9700 4.12), state unchanged (RFC 6749 4.1.2), iss
// (RFC 9207 2).
func (a *agent) arrives(c *client, at answer) url.Values {
	a.t.Helper()
	location := at.Header.Get("Location")
	if !strings.HasPrefix(location, c.redirect+"?") {
		a.t.Fatalf("expected to be back at %s, got %d %q\n%.400s", c.redirect, at.StatusCode, location, at.body)
	}
	if at.StatusCode != http.StatusFound && at.StatusCode != http.StatusSeeOther {
		a.t.Errorf("redirect by %d, want 302 or 303", at.StatusCode)
	}
	u, err := url.Parse(location)
	if err != nil {
		a.t.Fatal(err)
	}
	q := u.Query()
	if !slices.Equal(q["state"], []string{c.state}) && c.state != "" {
		a.t.Errorf("state = %q, want %q", q["state"], c.state)
	}
	if !slices.Equal(q["iss"], []string{issuer}) {
		a.t.Errorf("iss = %q, want %q", q["iss"], issuer)
	}
	return q
}

// code runs the flow with every box ticked.
func (a *agent) code(c *client, email string, pairs ...string) string {
	a.t.Helper()
	page := a.asked(c, email, pairs...)
	code := a.arrives(c, a.decide(page, "allow", all(page, a.t))).Get("code")
	if code == "" {
		a.t.Fatal("no code")
	}
	return code
}

// exchangeForm is the token request for a code; pairs as in request.
func (c *client) exchangeForm(code string, pairs ...string) url.Values {
	return c.with(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.redirect}, "code_verifier": {c.verifier},
	}, pairs...)
}

func (c *client) refreshForm(token string, pairs ...string) url.Values {
	return c.with(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, pairs...)
}

// with adds the client's own credentials.
func (c *client) with(form url.Values, pairs ...string) url.Values {
	form.Set("client_id", c.id)
	if c.secret != "" {
		form.Set("client_secret", c.secret)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if form.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	return form
}

func (a *agent) token(form url.Values, header ...string) answer {
	a.t.Helper()
	return a.post("/oauth/token", form, header...)
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Type    string `json:"token_type"`
	Scope   string `json:"scope"`
	Expires int    `json:"expires_in"`
}

func (a *agent) tokens(from answer) tokens {
	a.t.Helper()
	if from.StatusCode != http.StatusOK {
		a.t.Fatalf("no tokens: %d %s", from.StatusCode, from.body)
	}
	var out tokens
	if err := json.Unmarshal([]byte(from.body), &out); err != nil {
		a.t.Fatal(err)
	}
	return out
}

// granted is the whole flow in one line.
func (a *agent) granted(c *client, email string) tokens {
	a.t.Helper()
	return a.tokens(a.token(c.exchangeForm(a.code(c, email))))
}

// alive says whether the API takes an access token.
func (a *agent) alive(token string) bool {
	a.t.Helper()
	return a.api(http.MethodGet, "/me", token, "").StatusCode == http.StatusOK
}

// introspect asks as the gateway.
func (a *agent) introspect(token string) answer {
	a.t.Helper()
	gateway := &client{id: "timesheets-gateway", secret: "timesheets-gateway-secret"}
	return a.post("/oauth/introspect", gateway.with(url.Values{"token": {token}}))
}

const inactive = `{"active":false}`

// part decodes the header (0) or the claims (1) of a JWT.
func part(t *testing.T, token string, n int) map[string]any {
	t.Helper()
	pieces := strings.Split(token, ".")
	if len(pieces) != 3 {
		t.Fatalf("no JWT: %d parts", len(pieces))
	}
	raw, err := base64.RawURLEncoding.DecodeString(pieces[n])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// raw sends bytes as they are and returns what comes back until the server
// closes or ten seconds are over.
func raw(t *testing.T, request string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // a closed connection fails the next call
	go func() { _, _ = io.WriteString(conn, request) }()   // the server may close before it has read all
	got, _ := io.ReadAll(bufio.NewReader(conn))            // what came until then is the answer
	return string(got)
}

// host is the authority of the server, for requests written by hand.
func host() string { return strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://") }

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}
