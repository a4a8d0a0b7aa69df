package catalogue

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// sessionCookie is what the browser got at login.
func (a *agent) sessionCookie() *http.Cookie {
	a.t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, c := range a.http.Jar.Cookies(u) {
		if strings.Contains(c.Name, "session") {
			return c
		}
	}
	return nil
}

var credentials = url.Values{"email": {ada}, "password": {password}}

var foreign = [][]string{
	{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:9"},
	{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"},
}

// login is the password page and the browser session.
var login = map[string]func(*testing.T){
	"LG-01": func(t *testing.T) {
		for _, header := range foreign {
			a := newAgent(t)
			at := a.post("/login", credentials, header...)
			page(t, strings.Join(header, " "), at, 403)
			if a.sessionCookie() != nil {
				t.Errorf("%v: a session was started", header)
			}
		}
	},
	"LG-02": func(t *testing.T) {
		a := newAgent(t)
		a.asked(native(), ada)
		before := a.sessionCookie().Value
		page(t, "the attacker's own password from another site", a.post("/login", url.Values{"email": {alan}, "password": {password}}, foreign[0]...), 403)
		if a.sessionCookie().Value != before {
			t.Error("the victim is somebody else now")
		}
	},
	"LG-03": func(t *testing.T) {
		a := newAgent(t)
		a.signIn(a.get("/login"), alan)
		planted := a.sessionCookie()
		a.signIn(a.get("/login"), ada)
		if a.sessionCookie().Value == planted.Value {
			t.Error("the session id is the one from before the login")
		}
		old := newAgent(t)
		at := old.get(native().authorize("prompt", "none"), "Cookie", planted.Name+"="+planted.Value)
		old.sentBack("the planted session", native(), at, "login_required")
	},
	"LG-04": func(t *testing.T) {
		var ids []string
		for range 3 {
			a := newAgent(t)
			a.signIn(a.get("/login"), ada)
			value := a.sessionCookie().Value
			if len(value) < 22 || slices.Contains(ids, value) || strings.Contains(value, "ada") || strings.Count(value, ".") == 2 {
				t.Errorf("session id of %d characters", len(value)) // 22 of base64url are 128 bits
			}
			ids = append(ids, value)
		}
	},
	"LG-05": func(t *testing.T) {
		a := newAgent(t)
		at := a.get(native().authorize())
		seen := at.Cookies()
		f := a.follow(at).form(t)
		f.values.Set("email", ada)
		f.values.Set("password", password)
		seen = append(seen, a.post(f.action, f.values).Cookies()...)
		if len(seen) < 2 {
			t.Fatalf("%d cookies", len(seen))
		}
		https := strings.HasPrefix(base, "https:")
		for _, c := range seen {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != https || strings.HasPrefix(c.Name, "__Host-") != https {
				t.Errorf("%s: HttpOnly %v SameSite %v Path %q Domain %q Secure %v", c.Name, c.HttpOnly, c.SameSite, c.Path, c.Domain, c.Secure)
			}
		}
	},
	"LG-09": func(t *testing.T) {
		a := newAgent(t)
		f := a.get("/login").form(t)
		try := func(email string) answer {
			f.values.Set("email", email)
			f.values.Set("password", "not the password")
			return a.post(f.action, f.values)
		}
		// Two addresses of one length; an account of the seed loses one free failure by this.
		known, unknown := try(grace), try("nobody@example.co")
		same := func(at answer) string {
			return strings.ReplaceAll(at.body, at.Request.PostFormValue("email"), "")
		}
		if known.StatusCode != unknown.StatusCode || len(known.Cookies()) != len(unknown.Cookies()) ||
			strings.ReplaceAll(same(known), grace, "") != strings.ReplaceAll(strings.ReplaceAll(same(unknown), "nobody@example.co", ""), grace, "") {
			t.Errorf("the answers tell who has an account: %d %d", known.StatusCode, unknown.StatusCode)
		}
	},
	"LG-14": func(t *testing.T) {
		for _, evil := range []string{"//evil.example", "https:evil.example", `/\evil.example`, "%2f%2fevil.example", "javascript:alert(1)", "@evil.example", "https://evil.example/"} {
			for _, name := range []string{"return_to", "returnTo", "next", "redirect", "continue", "url"} {
				a := newAgent(t)
				at := a.post("/login?"+url.Values{name: {evil}}.Encode(), url.Values{"email": {ada}, "password": {password}, name: {evil}})
				if location := at.Header.Get("Location"); at.StatusCode != 303 || !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.Contains(location, "evil") {
					t.Fatalf("%s=%s: %d to %q", name, evil, at.StatusCode, location)
				}
			}
		}
	},
	"LG-15": func(t *testing.T) {
		a, eve, c := newAgent(t), newAgent(t), native()
		at := a.follow(a.get(c.authorize()))
		flow := at.Request.URL.Query().Get("flow")
		for _, handle := range []string{"nonsense", flow[:len(flow)-1], flow + "x", strings.ToUpper(flow)} {
			page400(t, "an edited handle", a.get("/login?flow="+handle))
			page400(t, "an edited handle", a.get("/authorize?flow="+handle))
		}
		page(t, "another browser", eve.get("/login?flow="+flow), 403)
		page(t, "another browser", eve.get("/authorize?flow="+flow), 403)
		// Spent: the flow ends with its code.
		code := a.arrives(c, a.decide(a.signIn(at, ada), "allow")).Get("code")
		page(t, "another browser", eve.get("/authorize?flow="+flow), 403)
		a.tokens(a.token(c.exchangeForm(code)))
		for _, path := range []string{"/login?flow=", "/consent?flow="} {
			page(t, path+" of a spent flow", a.get(path+flow), http.StatusConflict)
		}
		page(t, "the dispatcher of a spent flow", a.get("/authorize?flow="+flow), http.StatusOK)
		// Another session of the same person gets nothing of it.
		at = a.decide(a.asked(c, ada), "allow")
		a.arrives(c, at)
		a.signIn(a.get("/login"), ada)
		page(t, "another session", a.get(at.Request.URL.RequestURI()), http.StatusConflict)
	},
	"LG-17": func(t *testing.T) {
		a, c := newAgent(t), native()
		at := a.asked(c, ada)
		if at.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the consent page is kept by the browser: %q", at.Header.Get("Cache-Control"))
		}
		old := a.sessionCookie()
		a.post("/logout", a.get("/logout").form(t).values)
		if a.signedIn() {
			t.Fatal("still signed in")
		}
		replay := newAgent(t)
		replay.sentBack("the cookie again", c, replay.get(c.authorize("prompt", "none"), "Cookie", old.Name+"="+old.Value), "login_required")
	},
	"LG-18": func(t *testing.T) {
		a := newAgent(t)
		a.asked(native(), ada)
		a.get("/logout")
		f := a.get("/logout").form(t)
		for _, header := range foreign {
			page(t, strings.Join(header, " "), a.post(f.action, f.values, header...), 403)
		}
		if !a.signedIn() {
			t.Error("signed out by a GET or by another site")
		}
	},
	"LG-20": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, at := range []answer{a.get("/"), a.get("/login"), a.get("/authorize"), a.asked(c, ada), a.get("/logout"), a.get("/none", "Accept", "text/html")} {
			if !strings.Contains(at.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("%s can be framed: %s", at.Request.URL.Path, at.Header.Get("Content-Security-Policy"))
			}
		}
	},
	"LG-22": func(t *testing.T) {
		a := newAgent(t)
		for _, email := range []string{`<script>alert(1)</script>`, "a\r\nSet-Cookie: x=1", `"><img src=x onerror=1>`, "x\x00y", strings.Repeat("a", 10_000)} {
			at := a.post("/login", url.Values{"email": {email}, "password": {"x"}})
			if at.StatusCode != 422 && at.StatusCode != 400 && at.StatusCode != 413 || strings.Contains(at.body, "<script>") || strings.Contains(at.body, "<img src=x") || len(at.body) > 60_000 || len(at.Cookies()) > 1 {
				t.Errorf("%.30q: %d, page of %d bytes", email, at.StatusCode, len(at.body))
			}
		}
		if at := a.tooMuch("/login", "application/x-www-form-urlencoded", "email="+strings.Repeat("a", 1<<20)); at != 413 && at != 400 && at != 0 {
			t.Errorf("1 MB: %d", at)
		}
	},
}

// consent is the page where a person says what an app may do.
var consent = map[string]func(*testing.T){
	"CN-01": func(t *testing.T) {
		for _, header := range foreign {
			a, c := newAgent(t), native()
			f := a.asked(c, ada).form(t)
			f.values.Set("decision", "allow")
			page(t, strings.Join(header, " "), a.post(f.action, f.values, header...), 403)
			a.sentBack("no grant came of it", c, a.follow(a.get(c.authorize("prompt", "none"))), "consent_required")
		}
	},
	"CN-02": func(t *testing.T) {
		a, c := newAgent(t), native().asking("openid read:timesheets")
		at := a.decide(a.asked(c, grace), "allow", func(v url.Values) {
			v["scope"] = []string{"read:timesheets", "approve:timesheets", "batch:upload", "offline_access", "email"}
		})
		got := a.tokens(a.token(c.exchangeForm(a.arrives(c, at).Get("code"))))
		if got.Scope != "openid read:timesheets" {
			t.Errorf("scope = %q, want what was asked for and no more", got.Scope)
		}
	},
	"CN-03": func(t *testing.T) {
		a, c := newAgent(t), native()
		at := a.decide(a.asked(c, ada), "allow", func(v url.Values) {
			v.Set("client_id", "timesheets-web")
			v.Set("redirect_uri", "https://evil.example/")
			v.Set("user", "usr_grace")
			v.Set("sub", "usr_grace")
		})
		got := a.tokens(a.token(c.exchangeForm(a.arrives(c, at).Get("code")))) // arrives compares where
		if sub := part(t, got.Access, 1)["sub"]; sub != "usr_ada" {
			t.Errorf("sub = %v", sub)
		}
	},
	"CN-04": func(t *testing.T) {
		a, b, c := newAgent(t), newAgent(t), native()
		at := a.asked(c, ada)
		b.signIn(b.get("/login"), alan)
		f := at.form(t)
		f.values.Set("decision", "allow")
		page(t, "with Alan's cookies", b.post(f.action, f.values), 403)
		a.signIn(a.get("/login"), alan) // and with Alan signed in to her browser
		page(t, "shown to Ada, decided by Alan", a.post(f.action, f.values), 403)
		// Ada, who has signed in anew in another tab, is still the one it was shown to.
		at = a.asked(c, alan)
		a.signIn(a.get("/login"), alan)
		a.arrives(c, a.decide(at, "allow"))
	},
	"CN-06": func(t *testing.T) {
		a, c := newAgent(t), native()
		at := a.asked(c, ada)
		a.sentBack("deny", c, a.decide(at, "deny"), "access_denied")
	},
	"CN-07": func(t *testing.T) {
		a, c := newAgent(t), native()
		at := a.decide(a.asked(c, ada), "allow", func(v url.Values) { v["scope"] = []string{"read:timesheets"} })
		got := a.tokens(a.token(c.exchangeForm(a.arrives(c, at).Get("code"))))
		// CONTRACT: "unticked API scopes are simply absent from scope"; identity was asked for and is no box.
		want := "openid profile email read:timesheets"
		if got.Scope != want || part(t, got.Access, 1)["scope"] != want || a.introspect(got.Access).json(t)["scope"] != want {
			t.Errorf("response %q, token %v, introspection %v; want %q", got.Scope, part(t, got.Access, 1)["scope"], a.introspect(got.Access).json(t)["scope"], want)
		}
		only := native().asking("read:timesheets")
		a.sentBack("nothing ticked", only, a.decide(a.asked(only, ada), "allow", func(v url.Values) { v.Del("scope") }), "access_denied")
	},
	"CN-08": func(t *testing.T) {
		a, c := newAgent(t), spa().asking("openid read:timesheets")
		a.arrives(c, a.decide(a.asked(c, alan, "prompt", "consent"), "allow", func(v url.Values) { v.Set("remember", "1") }))
		if q := a.arrives(c, a.follow(a.get(c.authorize()))); !q.Has("code") {
			t.Fatalf("remembered, and still asked: %v", q)
		}
		a.asked(c.asking("openid read:timesheets create:timesheets"), alan)
		other := web().asking("openid read:timesheets")
		a.asked(other, alan)
	},
	"CN-09": func(t *testing.T) {
		a, c := newAgent(t), native().asking("openid read:timesheets")
		a.arrives(c, a.decide(a.asked(c, ada), "allow", func(v url.Values) { v.Set("remember", "1") }))
		a.asked(c, ada)
		a.sentBack("silently", c, a.follow(a.get(c.authorize("prompt", "none"))), "consent_required")
	},
}
