package auth_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// The same story in a real browser, where the content security policy, the
// cookies and the redirects are the browser's own: login, consent with a box
// unticked, and back at an app that listens on this machine.
func TestInChromium(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("PUNCHCARD_BROWSER") == "required" {
			t.Fatal("no chromium: apt-get install chromium")
		}
		t.Skip("no chromium here; .ci/run installs it and fails without it")
	}
	p := punchcardtest.New(t)
	alloc, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()))
	defer cancel()
	running, cancel := chromedp.NewContext(alloc)
	defer cancel()
	if err := chromedp.Do(running, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	t.Run("127.0.0.1", func(t *testing.T) { chromiumStory(t, running, p, "127.0.0.1:0", "http://127.0.0.1") })
	t.Run("[::1]", func(t *testing.T) { chromiumStory(t, running, p, "[::1]:0", "http://[::1]") })
	t.Run("localhost", func(t *testing.T) { chromiumStory(t, running, p, "127.0.0.1:0", "http://localhost") })
	t.Run("private-use scheme", func(t *testing.T) { chromiumScheme(t, running, p) })
	t.Run("form_post", func(t *testing.T) { chromiumFormPost(t, running, p) })
}

// listener is the app's own end: it waits for the authorization response.
func listener(t *testing.T, addr string) (port string, arrived <-chan url.Values) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("this machine has no %s: %v", addr, err)
	}
	got := make(chan url.Values, 4)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/callback" && r.Method == http.MethodPost:
			_ = r.ParseForm() // what is missing then is missed by the test
			got <- r.PostForm
		case r.URL.Path == "/callback":
			got <- r.URL.Query()
		}
		fmt.Fprint(w, "<!doctype html><title>back</title><h1 id=back>You can close this page</h1>")
	})}
	go server.Serve(l) //nolint:errcheck // ends with the test
	t.Cleanup(func() { server.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, got
}

// tab is a browser without cookies, for a minute.
func tab(t *testing.T, running context.Context) context.Context {
	ctx, cancel := chromedp.NewContext(running, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// throughLogin signs Ada in and stops at the consent page.
func throughLogin(c *agent.App, p *punchcardtest.Server, extra ...string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.Navigate(p.Base()+c.AuthorizeURL(extra...)),
		chromedp.WaitVisible(chromedp.CSS(`input[type=password]`)),
		chromedp.SendKeys(chromedp.CSS(`input[name=email]`), "ada@example.com"),
		chromedp.SendKeys(chromedp.CSS(`input[type=password]`), "timesheets\r"),
		chromedp.WaitVisible(chromedp.CSS(`button[value=allow]`)),
		chromedp.Poll[chromedp.Void](`getComputedStyle(document.querySelector("button[value=allow]")).pointerEvents != "none"`),
	)
}

func chromiumStory(t *testing.T, running context.Context, p *punchcardtest.Server, addr, origin string) {
	port, arrived := listener(t, addr)
	c := agent.Mobile()
	c.Redirect = origin + ":" + port + "/callback"
	err := chromedp.Do(tab(t, running), throughLogin(c, p),
		chromedp.Click(chromedp.CSS(`input[value="create:timesheets"]`)),
		chromedp.Click(chromedp.CSS(`button[value=allow]`)),
		chromedp.WaitVisible(chromedp.CSS(`#back`)),
	)
	if err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	q := <-arrived
	if q.Get("state") != c.State || q.Get("iss") != p.Issuer {
		t.Errorf("arrived with %v", q)
	}
	b := p.Browser(t)
	got := b.Tokens(b.Exchange(c, q.Get("code")))
	if want := "openid profile email offline_access read:timesheets"; got.Scope != want {
		t.Errorf("scope %q, want %q: create was unticked, delete never ticked", got.Scope, want)
	}
}

// chromiumFormPost: with a script the page presses its own button, and the
// policy lets the answer through to the app.
func chromiumFormPost(t *testing.T, running context.Context, p *punchcardtest.Server) {
	port, arrived := listener(t, "127.0.0.1:0")
	c := agent.Mobile()
	c.Redirect = "http://127.0.0.1:" + port + "/callback"
	if err := chromedp.Do(tab(t, running), throughLogin(c, p, "response_mode", "form_post"), chromedp.Click(chromedp.CSS(`button[value=allow]`)), chromedp.WaitVisible(chromedp.CSS(`#back`))); err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	q := <-arrived
	if q.Get("state") != c.State || q.Get("iss") != p.Issuer {
		t.Errorf("arrived with %v", q)
	}
	b := p.Browser(t)
	if b.Tokens(b.Exchange(c, q.Get("code"))).Access == "" {
		t.Error("no token")
	}
}

// chromiumScheme: no app handles the scheme here, so the browser shows nothing
// new; that it was sent there, and not stopped by the policy, is seen in what
// it received and logged.
func chromiumScheme(t *testing.T, running context.Context, p *punchcardtest.Server) {
	c := agent.Mobile()
	c.Redirect = "com.exampleco.timesheets:/callback"
	ctx := tab(t, running)
	sent := make(chan string, 1)
	var logged agent.Log
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventResponseReceivedExtraInfo:
			for name, value := range e.Headers {
				if location, ok := value.(string); ok && strings.EqualFold(name, "Location") && strings.HasPrefix(location, c.Redirect) {
					select {
					case sent <- location:
					default:
					}
				}
			}
		case *cdplog.EventEntryAdded:
			fmt.Fprintln(&logged, e.Entry.Text)
		}
	})
	if err == nil {
		_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	}
	if err == nil {
		err = chromedp.Do(ctx, throughLogin(c, p), chromedp.Click(chromedp.CSS(`button[value=allow]`)))
	}
	if err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	select {
	case location := <-sent:
		u, err := url.Parse(location)
		if err != nil || u.Query().Get("code") == "" {
			t.Errorf("sent to the app without a code: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the browser was never sent to the app")
	}
	if text := logged.String(); strings.Contains(text, "form-action") {
		t.Errorf("the policy stopped the browser: %s", text)
	}
}
