package viewstest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/exampleco/punchcard/static"
)

// measure is what a page must be, looked at by a browser: nothing wider than
// the window (WCAG 2.2 1.4.10), targets of 24 px outside of sentences (2.5.8),
// the stylesheet and its fonts in place, nothing refused by the policy.
const measure = `document.fonts.load('15px Inter').then(() => {
	for (const e of document.querySelectorAll('details, [hidden]')) e.open = !(e.hidden = false) // folded text has to fit as well
	const out = [], wide = document.documentElement.scrollWidth
	if (wide > innerWidth) out.push('the page is ' + wide + ' px wide')
	for (const e of document.querySelectorAll('body *')) {
		const r = e.getBoundingClientRect()
		if (r.right > innerWidth + 1 && r.width > 1 && !e.closest('.sr, pre[tabindex="0"] > *')) // such a block scrolls by itself
			out.push('<' + e.localName + ' class="' + (e.getAttribute('class') || '') + '"> ends at ' + Math.round(r.right))
	}
	for (const e of document.querySelectorAll('a:not(.skip):not(p:not(.after) a), button, label, input:not([type=hidden])')) {
		if (!e.checkVisibility()) continue // the other list of contents, at this width
		const r = e.getBoundingClientRect()
		if (r.width < 24 || r.height < 24) out.push('<' + e.localName + '> ' + e.textContent.trim().slice(0, 20) + ' is ' + Math.round(r.width) + '×' + Math.round(r.height))
	}
	if (!document.fonts.check('15px Inter') || ![...document.fonts].some(f => f.status === 'loaded')) out.push('no font of ours')
	return out
})`

// Write sends a page; it is views.Write, which this package cannot import,
// because the tests of views import this package.
type Write func(w http.ResponseWriter, r *http.Request, status int, page templ.Component, formAction ...string)

// Fit draws every page in Chromium, at four widths.
func Fit(t *testing.T, pages map[string]templ.Component, write Write) {
	t.Helper()
	ctx, address := Chromium(t, pages, write)
	for _, width := range []int64{320, 360, 700, 1280} {
		size := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, size); err != nil {
			t.Fatal(err)
		}
		for name := range pages {
			if err := chromedp.Do(ctx, chromedp.Navigate(address+url.PathEscape(name))); err != nil {
				t.Fatal(err)
			}
			found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](measure, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range found {
				t.Errorf("%s at %d px: %s", name, width, problem)
			}
		}
	}
}

// Chromium serves each page at the address that its name makes, and opens a
// browser for them; without scripts, as their policy has none.
func Chromium(t *testing.T, pages map[string]templ.Component, write Write) (ctx context.Context, address string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("PUNCHCARD_BROWSER") == "required" {
			t.Fatal("no chromium: apt-get install chromium")
		}
		t.Skip("no chromium here; .ci/run installs it and fails without it")
	}
	mux := http.NewServeMux()
	mux.Handle("/static/", static.Handler())
	mux.HandleFunc("/{name}", func(w http.ResponseWriter, r *http.Request) { write(w, r, http.StatusOK, pages[r.PathValue("name")]) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	alloc, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	return ctx, server.URL + "/"
}
