package site

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/exampleco/punchcard/static"
)

func TestTryItStory(t *testing.T) {
	s, tab := newStand(t), browse(t)
	ctx := tab()
	do(t, ctx, signIn(s, "list-timesheets"))
	q := s.asked[0]
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "timesheets-app", "redirect_uri": s.url + "/app/callback",
		"scope": "read:timesheets", "audience": s.url + "/api", "code_challenge_method": "S256", // RFC 7636 4.3
	} {
		if len(q[name]) != 1 || q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q[name], want)
		}
	}
	if len(q.Get("state")) != 43 || len(q.Get("code_challenge")) != 43 {
		t.Errorf("state %q, challenge %q: want 32 bytes each", q.Get("state"), q.Get("code_challenge"))
	}
	if form := s.exchanges[0]; form.Get("client_id") != "timesheets-app" || form.Get("redirect_uri") != s.url+"/app/callback" || form.Has("client_secret") {
		t.Errorf("exchange %v", form)
	}
	if where := look[string](t, ctx, `location.href`); where != s.url+"/docs#list-timesheets" {
		t.Errorf("came back to %s", where)
	}
	if buttons := look[string](t, ctx, `[...document.querySelectorAll('`+tryForm("list-timesheets")+` button')].filter(b => b.checkVisibility()).map(b => b.textContent).join()`); buttons != "Send" {
		t.Errorf("with a token that opens it, the buttons are %q", buttons)
	}
	do(t, ctx,
		chromedp.SendKeys(chromedp.CSS(tryForm("list-timesheets")+` [name=project]`), "R&D"),
		chromedp.Click(chromedp.CSS(tryForm("list-timesheets")+` [type=submit]`)),
		chromedp.WaitVisible(chromedp.CSS(`.outcome .status.yes`)),
	)
	if len(s.calls) != 1 || s.calls[0] != "GET /api/timesheets?project=R%26D " {
		t.Fatalf("calls %q", s.calls)
	}
	if h := s.headers[0]; h.Get("Authorization") != "Bearer "+secretToken || h.Get("Cookie") != "" {
		t.Errorf("sent with %v", h)
	}
	page := look[string](t, ctx, `document.documentElement.outerHTML + JSON.stringify({...sessionStorage, ...localStorage}) + location.href`)
	if !strings.Contains(page, "Bearer at.Sec…") || strings.Contains(page, secretToken[:7]) || strings.Contains(page, "c0de") {
		t.Error("more of the token, or the code, can be seen than its first 6 characters")
	}
	if left := look[int](t, ctx, `sessionStorage.length + localStorage.length`); left != 0 {
		t.Errorf("%d things are left in the browser", left)
	}
	do(t, ctx, chromedp.Navigate(s.url+"/docs"), openTry("get-me"))
	if text := look[string](t, ctx, `document.querySelector('`+tryForm("get-me")+` [type=submit]').textContent`); text != "Sign in to try" {
		t.Errorf("after a reload the button says %q: the token was kept", text)
	}
}

// RFC 6749 10.12 and RFC 9207 2.4: an answer that is not the one to our
// question is dropped before its code is spent.
func TestTryItTakesOnlyItsOwnAnswer(t *testing.T) {
	s, tab := newStand(t), browse(t)
	for name, answer := range map[string]struct {
		change func(url.Values)
		says   string
	}{
		"another iss":  {func(v url.Values) { v.Set("iss", s.url+"/") }, "comes from another server"},
		"no iss":       {func(v url.Values) { v.Del("iss") }, "comes from another server"},
		"a refusal":    {func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") }, "Nothing was allowed"},
		"a server's":   {func(v url.Values) { v.Del("code"); v.Set("error", "<img src=x>") }, "refused the sign-in: <img src=x>"},
		"a stale code": {func(v url.Values) { v.Set("code", "other") }, "refused the sign-in: invalid_grant"},
	} {
		s.answer, s.exchanges = answer.change, nil
		ctx := tab()
		do(t, ctx, chromedp.Navigate(s.url+"/docs"), openTry("get-me"),
			chromedp.Click(chromedp.CSS(tryForm("get-me")+` [type=submit]`)),
			chromedp.WaitVisible(chromedp.CSS(backAt("get-me"))))
		text := look[string](t, ctx, `new Promise(done => { const said = () => document.querySelector('`+tryForm("get-me")+` [role=status]')?.textContent; const wait = () => said() && !said().includes('Leaving') ? done(said()) : requestAnimationFrame(wait); wait() })`)
		if !strings.Contains(text, answer.says) {
			t.Errorf("%s: it says %q", name, text)
		}
		if name != "a stale code" && len(s.exchanges) != 0 {
			t.Errorf("%s: the code was spent", name)
		}
		if look[bool](t, ctx, `!!document.querySelector('main img')`) {
			t.Errorf("%s: the answer became markup", name)
		}
	}
	// Somebody's link to the reference, with a code of theirs, while a sign-in
	// of ours is under way.
	ctx := tab()
	s.exchanges = nil
	do(t, ctx, chromedp.Navigate(s.url+"/docs"))
	look[bool](t, ctx, `sessionStorage.setItem('punchcard.docs', JSON.stringify({ state: 'ours', verifier: 'v', scope: 's' })), true`)
	do(t, ctx, chromedp.Navigate(s.url+"/docs?"+url.Values{"code": {"c0de"}, "state": {"x"}, "iss": {s.url}}.Encode()), chromedp.WaitVisible(chromedp.CSS(`#signed-in`)))
	if said := look[string](t, ctx, `document.querySelector('#signed-in').textContent`); !strings.Contains(said, "not to a question that this tab has asked") {
		t.Errorf("a link of somebody else: it says %q", said)
	}
	if len(s.exchanges) != 0 || look[string](t, ctx, `location.href`) != s.url+"/docs" {
		t.Error("a code that nobody asked for is used, or stays in the address")
	}
}

// The phone app gets its own answers, also after a sign-in that the reference
// has begun and never finished.
func TestHandoverTakesNothingFromThePhoneApp(t *testing.T) {
	s, tab := newStand(t), browse(t)
	ctx := tab()
	do(t, ctx, chromedp.Navigate(s.url+"/docs"))
	look[bool](t, ctx, `sessionStorage.setItem('punchcard.docs', JSON.stringify({ state: 'ours', op: 'get-me' })), true`)
	for _, query := range []string{"?code=c&state=theirs", "?code=c", ""} {
		do(t, ctx, chromedp.Navigate(s.url+"/app/callback"+query), chromedp.WaitVisible(chromedp.CSS(`#app`)))
		handed := look[bool](t, ctx, `import('`+static.Path("docs/handover.js")+`').then(m => m.handedOver)`)
		if where := look[string](t, ctx, `location.pathname`); handed || !strings.HasPrefix(where, "/app/") {
			t.Errorf("%q: handed over to %s", query, where)
		}
	}
}

func TestTryItAsksForAMissingScope(t *testing.T) {
	s, tab := newStand(t), browse(t)
	ctx := tab()
	do(t, ctx, signIn(s, "create-timesheet"))
	s.api = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="timesheets", error="insufficient_scope", error_description="it lacks scope", scope="delete:timesheets"`)
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"detail":"<img src=x onerror=alert(1)>"}`)
	}
	form := tryForm("delete-timesheet")
	do(t, ctx, openTry("delete-timesheet"),
		chromedp.SendKeys(chromedp.CSS(form+` [name=id]`), "ts_1/../x"),
		chromedp.Click(chromedp.CSS(form+` [type=submit]`)),
		chromedp.WaitVisible(chromedp.CSS(`.outcome .status.no`)))
	if s.calls[0] != "DELETE /api/timesheets/ts_1%2F..%2Fx " {
		t.Errorf("calls %q", s.calls)
	}
	if look[bool](t, ctx, `!!document.querySelector('.outcome img')`) {
		t.Error("the answer became markup")
	}
	s.grant = "create:timesheets"
	do(t, ctx, chromedp.Click(chromedp.CSS(form+` [type=button]`)), chromedp.WaitVisible(chromedp.CSS(backAt("delete-timesheet"))))
	said := look[string](t, ctx, `new Promise(done => { const wait = () => { const said = document.querySelector('`+form+` [role=status]')?.textContent; said && !said.includes('Leaving') && !said.includes('403') ? done(said) : requestAnimationFrame(wait) }; wait() })`)
	if got := s.asked[1].Get("scope"); got != "create:timesheets delete:timesheets" {
		t.Errorf("asked for %q", got)
	}
	if !strings.Contains(said, "delete:timesheets was asked for and not given") {
		t.Errorf("it says %q", said)
	}
	if id := look[string](t, ctx, `document.querySelector('`+form+` [name=id]').value`); id != "ts_1/../x" {
		t.Errorf("what was typed has become %q", id)
	}
}

// RFC 6750 3.1: a token that the API calls invalid opens nothing any more.
func TestTryItForgetsADeadToken(t *testing.T) {
	s, tab := newStand(t), browse(t)
	ctx := tab()
	do(t, ctx, signIn(s, "create-timesheet"))
	s.api = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	form := tryForm("create-timesheet")
	do(t, ctx, chromedp.Click(chromedp.CSS(form+` [type=submit]`)), chromedp.WaitVisible(chromedp.CSS(`.outcome .status.no`)))
	if text := look[string](t, ctx, `document.querySelector('`+form+` [type=submit]').textContent`); text != "Sign in to try" {
		t.Errorf("the button says %q", text)
	}
	if _, body, _ := strings.Cut(s.calls[0], "POST /api/timesheets "); !json.Valid([]byte(body)) || !strings.Contains(body, "Ada's engine") {
		t.Errorf("sent %q, not the example", s.calls[0])
	}
	if key := s.headers[0].Get("Idempotency-Key"); len(key) != 36 {
		t.Errorf("Idempotency-Key %q", key)
	}
}

func TestExamplesInJavaScriptSendTheCall(t *testing.T) {
	s, tab := newStand(t), browse(t)
	ctx := tab()
	do(t, ctx, chromedp.Navigate(s.url+"/docs"))
	for id, code := range drawnExamples(t, s.url, "JavaScript") {
		got := look[map[string]any](t, ctx, `(async () => {
			const process = { env: { TOKEN: 'at.1-2_3' } }, console = { log() {} }
			let seen
			const fetch = async (url, options) => { seen = { url, ...options }; return new Response('{}') }
			await (async () => { `+code+"\n"+` })()
			return seen
		})()`)
		headers := map[string]string{}
		for name, value := range got["headers"].(map[string]any) {
			headers[name] = value.(string)
		}
		body, _ := got["body"].(string)
		wanted[id].compare(t, id, fmt.Sprint(got["method"], " ", strings.TrimPrefix(got["url"].(string), s.url)), headers, body)
	}
}
