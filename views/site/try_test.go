package site

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// begin presses the button and returns what the app keeps and what it sends.
func begin(t *testing.T, c Config) (*http.Cookie, *url.URL) {
	t.Helper()
	a := get(c, "/try").Result()
	to, err := a.Location()
	if err != nil || a.StatusCode != http.StatusSeeOther || len(a.Cookies()) != 1 {
		t.Fatalf("%d, %v, %d cookies", a.StatusCode, err, len(a.Cookies()))
	}
	return a.Cookies()[0], to
}

func TestTryAsksAsANativeAppDoes(t *testing.T) {
	c := demo()
	c.Issuer = issuer + "/" // endpoints stand on the issuer without its slash
	cookie, to := begin(t, c)
	if got := to.Scheme + "://" + to.Host + to.Path; got != issuer+"/authorize" {
		t.Errorf("asks at %s", got)
	}
	q := to.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "timesheets-mobile", "redirect_uri": "http://localhost:8484/callback",
		"scope": c.Scope, "audience": issuer + "/api", "code_challenge_method": "S256",
	} {
		if len(q[name]) != 1 || q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q[name], want)
		}
	}
	verifier, state, _ := strings.Cut(cookie.Value, ".")
	// RFC 7636 4.1 and 4.2: 43 to 128 characters, and the challenge is the hash of exactly them.
	sum := sha256.Sum256([]byte(verifier))
	if len(verifier) != 43 || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("the challenge does not belong to the verifier of %d characters", len(verifier))
	}
	if len(state) != 43 || q.Get("state") != state {
		t.Errorf("the state that is sent is not the one that is kept")
	}
	if strings.Contains(to.String(), verifier) {
		t.Error("the verifier is sent along")
	}
}

func TestTryKeepsItsSecretsToThisBrowserAndPort(t *testing.T) {
	first, _ := begin(t, demo())
	second, _ := begin(t, demo())
	if first.Value == second.Value {
		t.Error("two sign-ins share a verifier")
	}
	if !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.Name != "punchcard_try_8484" || first.Path != "/callback" || first.MaxAge <= 0 || first.MaxAge > 3600 {
		t.Errorf("cookie %v", first)
	}
}

func answer(params ...string) string {
	q := url.Values{}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	return "/callback?" + q.Encode()
}

func TestCallbackHandsOutTheCommand(t *testing.T) {
	cookie, to := begin(t, demo())
	verifier, _, _ := strings.Cut(cookie.Value, ".")
	a := get(demo(), answer("code", "c0de", "state", to.Query().Get("state"), "iss", issuer), cookie)
	pre := blocks(t, a.Body.String())
	if a.Code != http.StatusOK || len(pre) != 3 {
		t.Fatalf("%d with %d commands", a.Code, len(pre))
	}
	for _, want := range []string{issuer + "/oauth/token", "code=c0de", "code_verifier=" + verifier, "redirect_uri=http://localhost:8484/callback", "client_id=timesheets-mobile"} {
		if !strings.Contains(pre[0], want) {
			t.Errorf("%q is not in %s", want, pre[0])
		}
	}
	if a.Header().Get("Cache-Control") != "no-store" {
		t.Error("a page with a code in it may be stored")
	}
}

// RFC 6749 10.12: the state binds the answer to the browser that asked. RFC
// 9207 2.4: iss is compared as a string, and one that is missing is another.
func TestCallbackTakesOnlyItsOwnAnswer(t *testing.T) {
	cookie, to := begin(t, demo())
	state := to.Query().Get("state")
	other, _ := begin(t, demo())
	for name, a := range map[string]struct {
		target string
		cookie *http.Cookie
	}{
		"no cookie":           {answer("code", "c0de", "state", state, "iss", issuer), nil},
		"another browser":     {answer("code", "c0de", "state", state, "iss", issuer), other},
		"another state":       {answer("code", "c0de", "state", state+"x", "iss", issuer), cookie},
		"no state":            {answer("code", "c0de", "iss", issuer), cookie},
		"no state, no secret": {answer("code", "c0de", "iss", issuer), &http.Cookie{Name: cookie.Name, Value: "v"}},
		"no iss":              {answer("code", "c0de", "state", state), cookie},
		"another iss":         {answer("code", "c0de", "state", state, "iss", issuer+"/"), cookie},
	} {
		var cookies []*http.Cookie
		if a.cookie != nil {
			cookies = append(cookies, a.cookie)
		}
		body := get(demo(), a.target, cookies...).Body.String()
		if len(blocks(t, body)) != 0 || strings.Contains(body, "c0de") {
			t.Errorf("%s: the code is taken", name)
		}
	}
}

func TestCallbackWithoutAnything(t *testing.T) {
	if a := get(demo(), "/callback"); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "Nothing has come back yet") {
		t.Errorf("%d", a.Code)
	}
}

// blocks is the text of each command on a page.
func blocks(t *testing.T, page string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "pre" {
			var b strings.Builder
			for d := range n.Descendants() {
				if d.Type == html.TextNode {
					b.WriteString(d.Data)
				}
			}
			out = append(out, b.String())
		}
	}
	return out
}
