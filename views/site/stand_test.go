package site

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/exampleco/punchcard/static"
	"github.com/exampleco/punchcard/views"
)

const secretToken = "at.Secret.0123456789abcdef"

// stand is the reference with a pretended authorization server and API behind
// it, so that a test can have either of them answer wrongly.
type stand struct {
	url    string
	answer func(url.Values)                             // changes the authorization response
	api    func(w http.ResponseWriter, r *http.Request) // instead of an empty list
	grant  string                                       // scope of the token; "" for what was asked

	mu        sync.Mutex
	asked     []url.Values // authorization requests
	exchanges []url.Values // token requests
	calls     []string     // of the API: method, path, token, body
	headers   []http.Header
}

func (s *stand) note(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	c := documented(t)
	c.Issuer, c.Audience = s.url, s.url+"/api"
	c.Introduce = func(*http.Request) (views.Start, error) { return views.Start{}, nil }
	Register(mux, c)
	mux.Handle("/static/", static.Handler())
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": s.url, "authorization_endpoint": s.url + "/authorize", "token_endpoint": s.url + "/oauth/token", "code_challenge_methods_supported": []string{"S256"}})
	})
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /oauth/token", s.token)
	mux.HandleFunc("/api/", s.call)
	return s
}

func (s *stand) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.note(func() { s.asked = append(s.asked, q) })
	answer := url.Values{"code": {"c0de"}, "state": {q.Get("state")}, "iss": {s.url}}
	if s.answer != nil {
		s.answer(answer)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+answer.Encode(), http.StatusSeeOther)
}

// token takes the code only from whoever has the verifier (RFC 7636 4.6).
func (s *stand) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	asked := url.Values{}
	s.note(func() { s.exchanges = append(s.exchanges, r.PostForm); asked = s.asked[len(s.asked)-1] })
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	w.Header().Set("Content-Type", "application/json")
	if base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || r.PostForm.Get("code") != "c0de" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		return
	}
	scope := s.grant
	if scope == "" {
		scope = asked.Get("scope")
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": secretToken, "token_type": "Bearer", "expires_in": 900, "scope": scope})
}

func (s *stand) call(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path != "/api/me" {
		s.note(func() {
			s.calls = append(s.calls, r.Method+" "+r.URL.RequestURI()+" "+string(body))
			s.headers = append(s.headers, r.Header)
		})
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/api/me":
		_, _ = io.WriteString(w, `{"subject":"usr_ada","email":"ada@example.com"}`)
	case s.api != nil:
		s.api(w, r)
	default:
		_, _ = io.WriteString(w, `{"items":[]}`)
	}
}

// browse starts a browser and returns a maker of tabs that share nothing.
func browse(t *testing.T) func() context.Context {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("PUNCHCARD_BROWSER") == "required" {
			t.Fatal("no chromium: apt-get install chromium")
		}
		t.Skip("no chromium here; .ci/run installs it and fails without it")
	}
	alloc, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()))
	t.Cleanup(cancel)
	running, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(running, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return func() context.Context {
		ctx, cancel := chromedp.NewContext(running, chromedp.WithNewBrowserContext())
		t.Cleanup(cancel)
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		t.Cleanup(cancel)
		return ctx
	}
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		shown, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + '\n' + [...document.querySelectorAll('[role=status]')].map(e => e.textContent).join('\n')`))
		t.Fatalf("in the browser: %v\n%s", err, shown)
	}
}

func look[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// tryForm is the form of an operation, with the fold around it opened.
func tryForm(op string) string { return `form[data-op="` + op + `"]` }

func openTry(op string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(`details.try:has(` + tryForm(op) + `) summary`))
}

// backAt is the button of an operation after a sign-in that began there: the
// way back names the operation in the address, and its fold is opened.
func backAt(op string) string { return `article:has(#` + op + `:target) details[open] [type=submit]` }

// signIn goes from the reference to the authorization server and back.
func signIn(s *stand, op string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.Navigate(s.url+"/docs"),
		openTry(op),
		chromedp.WaitVisible(chromedp.CSS(tryForm(op)+` [type=submit]`)),
		chromedp.Click(chromedp.CSS(tryForm(op)+` [type=submit]`)),
		chromedp.WaitVisible(chromedp.CSS(`#signed-in`)),
	)
}
