package stories

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// callback is a native app that listens on this machine. It swaps what it gets
// at once, and sends the browser on.
type callback struct {
	t     *testing.T
	base  string
	url   string // its redirect URI
	then  string // where it sends the browser; "" for a page of its own
	local string // its last page

	mu       sync.Mutex
	came     []url.Values // answers that reached it
	swapped  int          // codes that could be used
	access   string
	verifier string
}

func newCallback(t *testing.T, base string, listen ...string) *callback {
	t.Helper()
	c := &callback{t: t, base: base, verifier: random()}
	mux := http.NewServeMux()
	mux.HandleFunc("/callback", c.arrives)
	mux.HandleFunc("/done", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<h1 id="done">Signed in</h1>`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	c.url, c.local = s.URL+"/callback", s.URL+"/done"
	for _, address := range listen { // beside 127.0.0.1, at the same port
		_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
		l, err := net.Listen("tcp", net.JoinHostPort(address, port))
		if err != nil {
			t.Skipf("this machine has no %s: %v", address, err)
		}
		also := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
		go func() { _ = also.Serve(l) }()
		t.Cleanup(func() { _ = also.Close() })
	}
	return c
}

// arrives is what a careful app does: each answer is tried.
func (c *callback) arrives(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came = append(c.came, r.Form)
	if code := r.Form.Get("code"); code != "" {
		answer, err := http.PostForm(c.base+"/oauth/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"timesheets-mobile"}, "redirect_uri": {c.url}, "code": {code}, "code_verifier": {c.verifier}})
		if err != nil {
			c.t.Error(err)
			return
		}
		defer answer.Body.Close()
		var got struct {
			Access string `json:"access_token"`
		}
		if json.NewDecoder(answer.Body).Decode(&got) == nil && got.Access != "" {
			c.swapped++
			c.access = got.Access
		}
	}
	to := c.then
	if to == "" {
		to = c.local
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func (c *callback) authorize(more ...string) string {
	challenge := sha256.Sum256([]byte(c.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {"timesheets-mobile"}, "redirect_uri": {c.url}, "state": {"s"}, "scope": {"openid read:timesheets"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/authorize?" + q.Encode()
}

// count is how many answers have reached the app, and how many codes it could use.
func (c *callback) count() (came, swapped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.came), c.swapped
}

// alive says whether the app can call the API with the last that it got.
func (c *callback) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := http.NewRequest("GET", c.base+"/api/me", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.access)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// twice clicks on a button, once it takes clicks, and, a moment later, on it again if it is still there.
func (p *phone) twice(selector string, apart time.Duration) {
	p.t.Helper()
	p.until(fmt.Sprintf(`(() => { const b = document.querySelector(%s); return b && getComputedStyle(b).pointerEvents != "none"; })()`, quoted(selector)))
	box := eval[[]float64](p, fmt.Sprintf(`(() => { const b = document.querySelector(%s); b.scrollIntoView(); const r = b.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, quoted(selector)))
	if err := chromedp.Do(p.ctx, chromedp.MouseClickXY(box[0], box[1]), chromedp.Sleep(apart), chromedp.MouseClickXY(box[0], box[1])); err != nil {
		p.t.Fatalf("two clicks: %v", err)
	}
}

// Two clicks on the button that allows, 50 to 200 ms apart: the second cancels
// the navigation of the first, and the app is signed in all the same.
func TestTwoClicksOnAllow(t *testing.T) {
	base := serve(t)
	p := newPhone(t, chromium(t), base)
	for round := range 12 {
		c := newCallback(t, base)
		p.open(c.authorize())
		if round == 0 {
			p.login("ada@example.com")
		}
		p.twice("button[value=allow]", time.Duration(50+round%4*50)*time.Millisecond)
		p.until(`document.querySelector("#done") || document.body?.innerText.includes("is complete")`)
		if came, swapped := c.count(); swapped != 1 || !c.alive() {
			t.Fatalf("round %d: the app was called %d times and could use %d codes; alive: %v", round, came, swapped, c.alive())
		}
	}
}

// A double click on "Sign in" can end where the next page shows its buttons:
// for half a second, which is how far apart two clicks of one can be, they take
// no click.
func TestADoubleClickDecidesNothingOnTheNextPage(t *testing.T) {
	base := serve(t)
	p := newPhone(t, chromium(t), base)
	p.open(newCallback(t, base).authorize())
	p.login("ada@example.com")
	for _, button := range []string{"button[value=allow]", "button[value=deny]"} {
		p.until(fmt.Sprintf(`document.querySelector(%s)`, quoted(button)))
		got := eval[string](p, fmt.Sprintf(`(() => {
			const b = document.querySelector(%s), takes = () => getComputedStyle(b).pointerEvents;
			b.style.animation = "none"; takes(); b.style.animation = ""; // once more from its beginning
			const [held] = b.getAnimations();
			if (!held) return "not held";
			held.pause();
			const at = ms => (held.currentTime = ms, takes());
			return [at(0), at(499), at(500)].join();
		})()`, quoted(button)))
		if got != "none,none,auto" {
			t.Errorf("%s at 0, 499 and 500 ms: %s", button, got)
		}
	}
}

// What the app does after its callback is its own affair: Chromium must not
// bind it to the policy of our form.
func TestTheAppSendsTheBrowserOn(t *testing.T) {
	base := serve(t)
	running := chromium(t)
	for name, then := range map[string]func(c *callback) string{
		"a name of its own":    func(c *callback) string { return strings.Replace(c.local, "127.0.0.1", "app.localhost", 1) },
		"an address of IP v6":  func(c *callback) string { return strings.Replace(c.local, "127.0.0.1", "[::1]", 1) },
		"a page where it came": func(c *callback) string { return c.local },
	} {
		for _, more := range [][]string{nil, {"response_mode", "form_post"}} {
			t.Run(name+strings.Join(more, " "), func(t *testing.T) {
				c := newCallback(t, base, "::1")
				c.then = then(c)
				p := newPhone(t, running, base)
				p.open(c.authorize(more...))
				p.login("ada@example.com")
				p.allow()
				p.until(`document.querySelector("#done")`)
				came, swapped := c.count()
				if got := eval[string](p, `location.href`); got != c.then || came != 1 || swapped != 1 {
					t.Errorf("at %s after %d calls and %d codes, want %s", got, came, swapped, c.then)
				}
				if got := eval[string](p, `document.referrer`); strings.Contains(got, base) {
					t.Errorf("the app is told %s", got)
				}
				// The way back leads to no page that sends anything anew.
				eval[bool](p, `(history.back(), true)`)
				p.until(`!document.querySelector("#done")`)
				if came, _ := c.count(); came != 1 {
					t.Errorf("going back has called the app again")
				}
			})
		}
	}
}

// Four tabs begin at once in a browser without cookies, and each is finished.
func TestFourTabsAtOnce(t *testing.T) {
	base := serve(t)
	first := newPhone(t, chromium(t), base)
	tabs := []*phone{first, first.another(), first.another(), first.another()}
	apps := make([]*callback, len(tabs))
	var opening sync.WaitGroup
	for i, tab := range tabs {
		apps[i] = newCallback(t, base)
		opening.Go(func() { tab.open(apps[i].authorize()) })
	}
	opening.Wait()
	for i, tab := range tabs {
		tab.login("ada@example.com")
		tab.allow()
		tab.until(`document.querySelector("#done")`)
		if _, swapped := apps[i].count(); swapped != 1 {
			t.Errorf("tab %d: %d codes", i+1, swapped)
		}
	}
}

// While one tab asks for consent, the same person signs in again in another:
// the form is still theirs.
func TestSignedInAgainElsewhere(t *testing.T) {
	base := serve(t)
	one := newPhone(t, chromium(t), base)
	c := newCallback(t, base)
	one.open(c.authorize())
	one.login("ada@example.com")
	one.until(`document.querySelector("button[value=allow]")`)
	two := one.another()
	two.open("/login")
	two.login("ada@example.com")
	two.until(`location.pathname === "/"`)
	one.allow()
	one.until(`document.querySelector("#done")`)
	// Somebody else is told who is signed in now.
	again := newCallback(t, base)
	one.open(again.authorize())
	one.until(`document.querySelector("button[value=allow]")`)
	two.open("/login")
	two.login("grace@example.com")
	two.until(`location.pathname === "/"`)
	one.allow()
	one.until(`document.body.innerText.includes("You are signed in as Grace Hopper now")`)
	one.press("Continue as Grace Hopper")
	one.allow()
	one.until(`document.querySelector("#done")`)
}

// A link with a broken escape behind the # leads to this week, before and after
// the sign-in.
func TestABrokenLinkIntoTheApp(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.open("/app/#/%E0%A4%A")
	p.press("Sign in")
	p.login("ada@example.com")
	p.allow()
	p.until(`document.querySelector("#total")`)
	for _, hash := range []string{"#/entry/%", "#/week/%zz", "#/ask/%c3"} {
		eval[bool](p, fmt.Sprintf(`(location.hash = %s, true)`, quoted(hash)))
		p.until(`document.querySelector("#app").textContent.trim() !== ""`)
	}
	p.open("/app/#/%E0%A4%A")
	p.until(`document.querySelector("#total")`)
}
