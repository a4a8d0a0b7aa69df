package stories

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long something may take to be seen; a busy machine is slow.
const patience = 30 * time.Second

// chromium starts a browser for one test.
func chromium(t *testing.T, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("PUNCHCARD_BROWSER") == "required" {
			t.Fatal("no chromium: apt-get install chromium")
		}
		t.Skip("no chromium here; .ci/run installs it and fails without it")
	}
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), append(flags,
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(cancel)
	running, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(running, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return running
}

// phone is one tab with the app in it.
type phone struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex
	requests []string // "POST /oauth/token 200", in the order of the answers
	faults   []string // what the console says is wrong
}

// newPhone opens a tab in a browser without cookies.
func newPhone(t *testing.T, running context.Context, base string) *phone {
	t.Helper()
	return openPhone(t, running, base, chromedp.WithNewBrowserContext())
}

// another opens a second tab beside this one, in the same browser.
func (p *phone) another() *phone {
	p.t.Helper()
	return openPhone(p.t, p.ctx, p.base)
}

func openPhone(t *testing.T, parent context.Context, base string, opts ...chromedp.ContextOption) *phone {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, opts...)
	t.Cleanup(cancel)
	p := &phone{t: t, ctx: ctx, base: base}
	t.Cleanup(p.report)
	p.listen()
	return p
}

// listen writes down what the tab asks for, and what its console complains of.
func (p *phone) listen() {
	p.t.Helper()
	methods := map[network.RequestID]string{}
	err := chromedp.Listen(p.ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if e.RedirectResponse != nil { // a redirect is told with the request that it leads to
				p.answered(methods[e.RequestID], e.RedirectResponse)
			}
			methods[e.RequestID] = e.Request.Method
		case *network.EventResponseReceived:
			p.answered(methods[e.RequestID], e.Response)
		case *cdplog.EventEntryAdded:
			// A refused request is logged as well, and the stories look at those
			// themselves; an http address that is not localhost has no openers' policy.
			if e.Entry.Level == "error" && e.Entry.Source != "network" && !strings.HasPrefix(e.Entry.Text, "The Cross-Origin-Opener-Policy header has been ignored") {
				p.faults = append(p.faults, e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			p.faults = append(p.faults, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" {
				p.faults = append(p.faults, fmt.Sprintf("console.error: %v", e.Args))
			}
		}
	})
	if err == nil {
		_, err = chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	}
	if err == nil {
		_, err = chromedp.Call(p.ctx, cdplog.Enable, cdp.Empty{})
	}
	if err != nil {
		p.t.Fatalf("in the browser: %v", err)
	}
}

func (p *phone) answered(method string, answer *network.Response) {
	path, _, _ := strings.Cut(strings.TrimPrefix(answer.URL, p.base), "?")
	p.requests = append(p.requests, fmt.Sprintf("%s %s %d", method, path, answer.Status))
}

// report fails the story for what the console said: an exception, a module
// that is missing, something that the content security policy has stopped.
func (p *phone) report() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fault := range p.faults {
		p.t.Errorf("in the console: %s", fault)
	}
	if p.t.Failed() {
		p.t.Logf("the tab's requests:\n%s", strings.Join(p.requests, "\n"))
	}
}

// broken says whether the script has failed, so that nothing is worth waiting for.
func (p *phone) broken() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.faults) > 0
}

// count is how many answers there were that begin so, such as "POST /oauth/token 200".
func (p *phone) count(prefix string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func (p *phone) open(path string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(p.base+path)); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
}

// eval runs a script in the page.
func eval[T any](p *phone, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// until waits for a script to become true. It asks again and again, because
// the page that answers may be replaced by the next one at any time.
func (p *phone) until(script string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
		if err == nil && ok {
			return
		}
		if p.broken() || time.Now().After(deadline) {
			seen, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.href.split("?")[0] + "\n" + document.body.innerText`))
			p.t.Fatalf("never: %s (%v)\non the screen: %s", script, err, seen)
		}
	}
}

// reload waits until the old page is gone: what is looked for next must not be
// found in that.
func (p *phone) reload() {
	p.t.Helper()
	eval[bool](p, `(window.before = true, location.reload(), true)`)
	p.until(`!window.before`)
}

// sees waits until the screen of the phone says so.
func (p *phone) sees(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector("#app").textContent.includes(%s)`, quoted(text)))
}

// press clicks what is called so, on whatever page it is: a button or a link.
func (p *phone) press(name string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`(() => {
		const named = [...document.querySelectorAll("button, a, summary")].find((e) =>
			(e.getAttribute("aria-label") || e.textContent).trim() === %s && e.checkVisibility() && !e.disabled && !e.closest("[inert]"));
		named?.click();
		return named;
	})()`, quoted(name)))
}

// fill types into a field of the app as a person would leave it.
func (p *phone) fill(field, value string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`(() => {
		const field = document.querySelector(%s);
		if (field) { field.value = %s; field.dispatchEvent(new Event("input", { bubbles: true })); }
		return field;
	})()`, quoted(field), quoted(value)))
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// login fills the server's login page.
func (p *phone) login(email string) {
	p.t.Helper()
	p.until(`document.querySelector("input[type=password]")`)
	err := chromedp.Do(p.ctx,
		chromedp.SetValue(chromedp.CSS(`input[name=email]`), email),
		chromedp.SendKeys(chromedp.CSS(`input[type=password]`), "timesheets\r"))
	if err != nil {
		p.t.Fatalf("login: %v", err)
	}
}

// allow presses the button of the consent page, after ticking boxes.
func (p *phone) allow(ticked ...string) {
	p.t.Helper()
	p.until(`document.querySelector("button[value=allow]")`)
	for _, scope := range ticked {
		p.until(fmt.Sprintf(`(() => {
			const box = document.querySelector("input[value=" + JSON.stringify(%s) + "]");
			if (box && !box.checked) box.click();
			return box?.checked;
		})()`, quoted(scope)))
	}
	p.until(`(() => { const b = document.querySelector("button[value=allow]"); b?.click(); return b; })()`)
}

// signIn goes from the front door to this week.
func (p *phone) signIn(email string) {
	p.t.Helper()
	p.open("/app/")
	p.press("Sign in")
	p.login(email)
	p.allow()
	p.until(`document.querySelector("#total")`)
}
