package stories

import (
	"fmt"
	"net"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// RFC 6749 10.12 and RFC 9207 2.4: an answer that is not to this tab's own
// question, or not from the server that was asked, is never exchanged.
func TestAnswersThatAreNotOurs(t *testing.T) {
	base, running := serve(t), chromium(t)
	for name, forge := range map[string]func(state string) url.Values{
		"another state":       func(string) url.Values { return url.Values{"state": {"guessed"}, "iss": {base}} },
		"no state":            func(string) url.Values { return url.Values{"iss": {base}} },
		"another issuer":      func(s string) url.Values { return url.Values{"state": {s}, "iss": {base + "/"}} },
		"no issuer":           func(s string) url.Values { return url.Values{"state": {s}} },
		"error, no issuer":    func(s string) url.Values { return url.Values{"state": {s}, "error": {"access_denied"}} },
		"neither code, nor …": func(s string) url.Values { return url.Values{"state": {s}, "iss": {base}, "code": {""}} },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPhone(t, running, base)
			p.open("/app/")
			p.press("Sign in")
			p.until(`document.querySelector("input[type=password]")`)
			// The login page has the app's origin, so its storage can be read here.
			state := eval[string](p, `JSON.parse(sessionStorage.getItem("punchcard.signin")).state`)
			q := forge(state)
			if !q.Has("code") && !q.Has("error") {
				q.Set("code", "stolen")
			}
			p.open("/app/callback?" + q.Encode())
			p.sees("The sign-in didn’t work")
			if n := p.count("POST /oauth/token"); n != 0 {
				t.Errorf("%d requests with a code that was not ours", n)
			}
			if left := eval[string](p, `location.href + Object.keys(sessionStorage)`); left != base+"/app/" {
				t.Errorf("left behind: %s", left)
			}
		})
	}
}

// The address of a stranger: browsers have no WebCrypto there, so there is no
// PKCE, and the app never does without.
func TestNoSignInOnAnInsecureOrigin(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	serve(t, "--addr", fmt.Sprintf("127.0.0.1:%d", port), "--issuer", fmt.Sprintf("http://punchcard.test:%d", port), "--allow-demo-passwords")
	p := newPhone(t, chromium(t, chromedp.Flag("host-resolver-rules", "MAP punchcard.test 127.0.0.1")), fmt.Sprintf("http://punchcard.test:%d", port))
	p.open("/app/")
	p.sees("Not on this address")
	p.sees(fmt.Sprintf("http://localhost:%d/app/", port))
	if eval[int](p, `document.querySelectorAll("#app button").length`) != 0 {
		t.Error("there is something to press")
	}
	if p.count("GET /authorize") != 0 {
		t.Error("the app went to the authorization endpoint")
	}
}

// Without a connection nothing is lost.
func TestOffline(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.signIn("ada@example.com")
	p.press("Add hours")
	p.fill("#f-project", "Submarine")
	p.fill("#f-hours", "1.5")
	p.connected(false)
	p.sees("You’re offline. Nothing is lost.")
	p.until(`(() => { const b = document.querySelector("form.hours .primary"); b?.click(); return b; })()`)
	p.sees("Try again")
	p.connected(true)
	p.press("Try again")
	p.until(`[...document.querySelectorAll(".ents li")].filter((li) => li.textContent.includes("Submarine")).length === 1`)
}

// connected cuts the tab's connection, or joins it again.
func (p *phone) connected(yes bool) {
	p.t.Helper()
	rule := &network.Conditions{Offline: !yes, DownloadThroughput: -1, UploadThroughput: -1}
	_, err := chromedp.Call(p.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{rule}})
	if err == nil {
		_, err = chromedp.Call(p.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !yes, DownloadThroughput: -1, UploadThroughput: -1})
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
