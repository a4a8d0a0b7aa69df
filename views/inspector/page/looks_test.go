package page

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/viewstest"
)

// seen is the part of the selector's texts that a person can see, at a width.
const seen = `[...document.querySelectorAll('SELECTOR')].filter(e => e.checkVisibility()).map(e => e.innerText.trim())`

// What the stylesheet alone does on the inspector's pages: the switch between
// plain words and spec terms, what waits for a script, two columns and one.
func TestInspectorByItsStylesheetAlone(t *testing.T) {
	ctx, address := viewstest.Chromium(t, inspectorPages(), views.Write)
	visible := func(selector string) string {
		t.Helper()
		texts, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](strings.Replace(seen, "SELECTOR", selector, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(texts, "|")
	}
	open := func(name string, width int64) {
		t.Helper()
		size := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, size); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.Navigate(address+url.PathEscape(name))); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what, script string) {
		t.Helper()
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script)); err != nil || !ok {
			t.Errorf("not so: %s (%v)", what, err)
		}
	}

	open("inspector", 1280)
	const plain, spec = "#\\\\31  .plain", "#\\\\31  .spec" // of step 1
	if a, b := visible(plain), visible(spec); a != "Ask to sign in" || b != "" {
		t.Errorf("at first, plain words %q and spec terms %q are shown", a, b)
	}
	is("the switch can be reached and pressed by keyboard", `(document.getElementById('spec').focus(), document.activeElement.id === 'spec')`)
	is("the switch turns", `(document.getElementById('spec').click(), true)`)
	if a, b := visible(plain), visible(spec); a != "" || b != "GET /oauth2/authorize" {
		t.Errorf("switched, plain words %q and spec terms %q are shown", a, b)
	}
	is("what needs a script is not seen without", `![...document.querySelectorAll('.scripted')].some(e => e.checkVisibility())`)
	const left, right = `document.querySelector('.panes > .pane').getBoundingClientRect()`, `document.querySelector('.col').getBoundingClientRect()`
	is("the raw exchange stands beside the steps", right+`.left > `+left+`.right && `+right+`.top === `+left+`.top`)
	is("the family stands under the steps", `document.querySelector('.family').getBoundingClientRect().top > `+left+`.bottom`)
	is("the routes are for the ear", `document.querySelector('.route').getBoundingClientRect().width <= 1`)

	open("inspector", 360)
	is("the raw exchange stands under the steps", right+`.top > `+left+`.bottom`)
	if routes := visible(".route"); !strings.HasPrefix(routes, "app|app → server") {
		t.Errorf("the routes are %q", routes)
	}
	is("no arrow is left", `![...document.querySelectorAll('.arr')].some(e => e.checkVisibility())`)
}
