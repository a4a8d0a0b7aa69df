package catalogue

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// authorization has the cases of the authorization request, before the user is
// asked to sign in. The redirect URIs and the prompts are further down.
var authorization = merged(redirects, prompts, map[string]func(*testing.T){
	"AZ-01": func(t *testing.T) {
		a, c := newAgent(t), native()
		page := a.asked(c, ada)
		at := a.decide(page, "allow", all(page, t))
		q := a.arrives(c, at) // the redirect, state and iss
		if q.Get("code") == "" || len(q) != 3 {
			t.Errorf("the response carries %v, want code, state and iss", q)
		}
		if at.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control %q, want no-store", at.Header.Get("Cache-Control"))
		}
	},
	"AZ-02": func(t *testing.T) {
		a, c := newAgent(t), native()
		// CONTRACT: "POST /authorize and POST /oidc/logout come from other
		// origins without our SameSite cookie: validate, park the request,
		// answer 303 to a GET, where the cookie arrives."
		parked := a.post("/authorize", c.request(), "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")
		if parked.StatusCode != http.StatusSeeOther {
			t.Fatalf("POST: %d, want 303", parked.StatusCode)
		}
		page := a.signIn(a.follow(parked), ada)
		if q := a.arrives(c, a.decide(page, "allow")); q.Get("code") == "" {
			t.Errorf("no code: %v", q)
		}
		page400(t, "a bad request by POST", a.post("/authorize", c.request("redirect_uri", "https://evil.example/")))
	},
	"AZ-03": func(t *testing.T) {
		page400(t, "no client_id", newAgent(t).get(native().authorize("client_id", "")))
	},
	"AZ-04": func(t *testing.T) {
		page400(t, "unknown client", newAgent(t).get(native().authorize("client_id", "nobody", "redirect_uri", "https://evil.example/")))
	},
	"AZ-05": func(t *testing.T) {
		a := newAgent(t)
		for _, id := range []string{`' OR 1=1;--`, `"><script>alert(1)</script>`, "timesheets-mobile'", "timesheets-mobile\x00", "%", strings.Repeat("x", 10<<10)} {
			at := a.get(native().authorize("client_id", id))
			page400(t, id, at)
			if strings.Contains(at.body, `"><script`) {
				t.Errorf("%.40q is not escaped", id)
			}
		}
	},
	"AZ-06": func(t *testing.T) {
		a, c := newAgent(t), native()
		page400(t, "native, web", a.get(c.authorize()+"&client_id=timesheets-web"))
		page400(t, "web, native", a.get("/authorize?client_id=timesheets-web&"+c.request().Encode()))
		page400(t, "the same twice", a.get(c.authorize()+"&client_id="+c.id))
	},
	"AZ-07": func(t *testing.T) {
		a, c := newAgent(t), native()
		page400(t, "good, evil", a.get(c.authorize()+"&redirect_uri=https%3A%2F%2Fevil.example"))
		page400(t, "evil, good", a.get("/authorize?redirect_uri=https%3A%2F%2Fevil.example&"+c.request().Encode()))
		page400(t, "good twice", a.get(c.authorize()+"&redirect_uri="+url.QueryEscape(c.redirect)))
	},
	"AZ-08": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, name := range []string{"scope", "code_challenge", "code_challenge_method", "response_type", "nonce", "prompt", "max_age"} {
			target := c.authorize("prompt", "login", "max_age", "60") + "&" + name + "=" + url.QueryEscape(c.request("prompt", "login", "max_age", "60").Get(name))
			a.sentBack(name, c, a.get(target), "invalid_request")
		}
		// Of two states neither can be given back as "the" state.
		at := a.get(c.authorize() + "&state=other")
		if q := queryOf(t, at); q.Get("error") != "invalid_request" || len(q["state"]) > 1 {
			t.Errorf("state twice: %v, want invalid_request", q)
		}
	},
	"AZ-09": func(t *testing.T) {
		a, c := newAgent(t), native()
		a.sentBack("scope=", c, a.get(c.authorize("scope", "")+"&scope="), "invalid_scope")
		a.sentBack("code_challenge=", c, a.get(c.authorize("code_challenge", "")+"&code_challenge="), "invalid_request")
		page400(t, "client_id=", a.get(c.authorize("client_id", "")+"&client_id="))
		if at := a.get(c.authorize("nonce", "") + "&nonce=&prompt=&max_age="); at.StatusCode != http.StatusSeeOther || strings.Contains(at.Header.Get("Location"), "error=") {
			t.Errorf("empty optional parameters: %d %s", at.StatusCode, at.Header.Get("Location"))
		}
	},
	"AZ-10": func(t *testing.T) {
		a, c := newAgent(t), native()
		q := c.request()
		for i := range 50 {
			q.Set(fmt.Sprintf("x_unknown_%d", i), "y")
		}
		page := a.signIn(a.follow(a.get("/authorize?"+q.Encode())), ada)
		if a.arrives(c, a.decide(page, "allow")).Get("code") == "" {
			t.Error("no code")
		}
	},
	"AZ-11": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, n := range []int{60 << 10, 2049} {
			at := a.get(c.authorize("state", strings.Repeat("s", n)))
			if at.StatusCode != 400 && at.StatusCode != 414 && at.StatusCode != 431 || len(at.Cookies()) > 0 || strings.Contains(at.body, strings.Repeat("s", 500)) {
				t.Errorf("%d bytes of state: %d, cookies %v", n, at.StatusCode, at.Cookies())
			}
		}
		c.state = strings.Repeat("s", 2048)
		a.code(c, ada) // arrives compares it
	},
	"AZ-12": func(t *testing.T) {
		a, c := newAgent(t), native()
		c.state = "a&b=c#d%0d%0a\r\nX:1\"<é"
		page := a.asked(c, ada)
		at := a.decide(page, "allow")
		a.arrives(c, at) // compares the state byte for byte
		if at.Header.Get("X") != "" {
			t.Error("the state split the header")
		}
	},
	"AZ-13": func(t *testing.T) {
		a, c := newAgent(t), native()
		c.state = ""
		page := a.asked(c, ada)
		if q := a.arrives(c, a.decide(page, "allow")); q.Get("code") == "" || q.Has("state") {
			t.Errorf("without state: %v, want a code and no state", q)
		}
	},
	"AZ-34": func(t *testing.T) {
		a, c := newAgent(t), native()
		a.sentBack("no response_type", c, a.get(c.authorize("response_type", "")), "invalid_request")
	},
	"AZ-35": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, kind := range []string{"token", "id_token", "code token", "code id_token", "id_token token", "code code", "none", "junk", "Code"} {
			a.sentBack(kind, c, a.get(c.authorize("response_type", kind)), "unsupported_response_type")
		}
	},
	"AZ-36": func(t *testing.T) {
		a := newAgent(t)
		// CONTRACT: "S256 only; always required of public clients, and of
		// confidential ones unless the client is registered require_pkce: false".
		for _, c := range []*client{native(), spa(), web()} {
			a.sentBack(c.id, c, a.get(c.authorize("code_challenge", "")), "invalid_request")
			a.sentBack(c.id, c, a.get(c.authorize("code_challenge", "", "code_challenge_method", "")), "invalid_request")
		}
		// CONTRACT: the seed has one that is registered so; a nonce takes the
		// challenge's place (RFC 9700 2.1.1), and without one it is refused too.
		old := legacy()
		if at := a.follow(a.get(old.authorize("code_challenge", "", "code_challenge_method", "", "nonce", "n-0S6_WzA2Mj"))); at.StatusCode != 200 || at.Request.URL.Path != "/login" {
			t.Errorf("%s with a nonce: came to %s %d, want the login page", old.id, at.Request.URL.Path, at.StatusCode)
		}
		a.sentBack(old.id, old, a.get(old.authorize("code_challenge", "", "code_challenge_method", "", "nonce", "")), "invalid_request")
	},
	"AZ-37": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, method := range []string{"", "plain", "s256", "S512", "S256 "} {
			a.sentBack(method, c, a.get(c.authorize("code_challenge_method", method)), "invalid_request")
		}
	},
	"AZ-38": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, n := range []int{1, 42, 44, 128, 129, 10_000} {
			a.sentBack(fmt.Sprint(n), c, a.get(c.authorize("code_challenge", strings.Repeat("a", n))), "invalid_request")
		}
	},
	"AZ-39": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, odd := range []string{"+", "/", "=", "é", "\x00", ".", "~", " "} {
			a.sentBack(odd, c, a.get(c.authorize("code_challenge", strings.Repeat("a", 43-len(odd))+odd)), "invalid_request")
		}
	},
	"AZ-41": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, scope := range []string{"openid nonsense", "batch:upload", "offline_access batch:upload", "READ:timesheets", "read:timesheets,create:timesheets"} {
			a.sentBack(scope, c, a.get(c.authorize("scope", scope)), "invalid_scope")
		}
		// RFC 6749 3.3 and CONTRACT: "A scope that exists here but that this client
		// may not have is left out of the grant and absent from scope".
		wide := c.asking("openid offline_access read:timesheets batch:upload")
		page := a.asked(wide, ada)
		if form := page.form(t); slices.Contains(form.boxes, "batch:upload") || !strings.Contains(page.body, "batch:upload") {
			t.Error("what was left out is offered on the consent page, or not said there")
		}
		got := a.tokens(a.token(wide.exchangeForm(a.arrives(wide, a.decide(page, "allow", func(v url.Values) {
			v["scope"] = []string{"read:timesheets", "offline_access", "batch:upload"}
		})).Get("code"))))
		const want = "openid offline_access read:timesheets"
		if got.Scope != want || part(t, got.Access, 1)["scope"] != want || a.introspect(got.Access).json(t)["scope"] != want {
			t.Errorf("scope %q, token %v, introspection %v; want %q", got.Scope, part(t, got.Access, 1)["scope"], a.introspect(got.Access).json(t)["scope"], want)
		}
		// Libraries repeat the scope of the request.
		if next := a.tokens(a.token(wide.refreshForm(got.Refresh, "scope", wide.scope))); next.Scope != want {
			t.Errorf("after a refresh: %q", next.Scope)
		}
	},
	"AZ-42": func(t *testing.T) {
		a, c := newAgent(t), native()
		page := a.asked(c, ada)
		if slices.Contains(page.form(t).boxes, "approve:timesheets") {
			t.Error("an employee is offered to give what she does not have")
		}
		code := a.arrives(c, a.decide(page, "allow", func(v url.Values) { v["scope"] = []string{"read:timesheets", "approve:timesheets"} })).Get("code")
		got := a.tokens(a.token(c.exchangeForm(code)))
		if strings.Contains(got.Scope+fmt.Sprint(part(t, got.Access, 1)["scope"]), "approve") {
			t.Errorf("scope = %q", got.Scope)
		}
	},
	"AZ-43": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, scope := range []string{`openid "x`, `openid a\b`, "openid a\tb", "openid \x01", "openid é", "openid " + strings.Repeat("x ", 1000)} {
			a.sentBack(scope, c, a.get(c.authorize("scope", scope)), "invalid_scope")
		}
		// RFC 6749 3.3: the order does not matter, and a repetition says nothing new.
		got := a.granted(c.asking("openid openid read:timesheets read:timesheets"), ada)
		if fields := strings.Fields(got.Scope); len(fields) != 2 {
			t.Errorf("scope = %q, want each once", got.Scope)
		}
	},
	"AZ-44": func(t *testing.T) {
		a, c := newAgent(t), native()
		// CONTRACT: "/authorize without scope is invalid_scope".
		a.sentBack("no scope", c, a.get(c.authorize("scope", "")), "invalid_scope")
	},
	"AZ-45": func(t *testing.T) {
		a := newAgent(t)
		if got := a.granted(native().asking("openid read:timesheets"), ada); got.Refresh != "" {
			t.Error("a refresh token without offline_access")
		}
		page := a.asked(native(), ada)
		code := a.arrives(native(), a.decide(page, "allow", func(v url.Values) { v["scope"] = []string{"read:timesheets"} })).Get("code")
		if got := a.tokens(a.token(native().exchangeForm(code))); got.Refresh != "" || strings.Contains(got.Scope, "offline_access") {
			t.Errorf("a refresh token though offline_access was unticked: scope %q", got.Scope)
		}
		cron := &client{id: "timesheets-cron", secret: "timesheets-cron-secret"}
		if got := a.tokens(a.token(cron.with(url.Values{"grant_type": {"client_credentials"}, "scope": {"batch:upload offline_access"}}))); got.Refresh != "" || got.Scope != "batch:upload" {
			t.Errorf("a machine: scope %q, refresh %v", got.Scope, got.Refresh != "")
		}
	},
	"AZ-52": func(t *testing.T) {
		a, c := newAgent(t), native()
		modes := strs(a.get(discovery).json(t)["response_modes_supported"])
		for _, mode := range []string{"query.jwt", "fragment.jwt", "web_message", "junk", "Query"} {
			if slices.Contains(modes, mode) {
				t.Errorf("%s is advertised", mode)
			}
			a.sentBack(mode, c, a.get(c.authorize("response_mode", mode)), "invalid_request")
		}
		// ASVS 10.4.12: each client only what it can receive, and what is advertised to somebody.
		for mode, not := range map[string][]*client{"fragment": {native(), web()}, "form_post": {spa()}} {
			if !slices.Contains(modes, mode) {
				t.Errorf("%s is served and not advertised", mode)
			}
			for _, c := range not {
				a.sentBack(mode+" for "+c.id, c, a.get(c.authorize("response_mode", mode)), "invalid_request")
			}
		}
		a.sentBack("two modes", spa(), a.get(spa().authorize("response_mode", "fragment")+"&response_mode=query"), "invalid_request")
		browserApp := spa()
		at := a.get(browserApp.authorize("response_mode", "fragment", "scope", "batch:upload"))
		if to := at.Header.Get("Location"); !strings.HasPrefix(to, browserApp.redirect+"#error=invalid_scope&") || strings.Contains(to, "?") {
			t.Errorf("fragment: %s", to)
		}
		page := a.asked(c, ada, "response_mode", "query")
		if a.arrives(c, a.decide(page, "allow")).Get("code") == "" {
			t.Error("response_mode=query: no code")
		}
	},
	"AZ-53": func(t *testing.T) {
		a, c := newAgent(t), web()
		c.state = `"><script>alert(1)</script>&amp;'`
		handed := func(what string, at answer) url.Values {
			t.Helper()
			csp, f := at.Header.Get("Content-Security-Policy"), at.form(t)
			if at.StatusCode != 200 || f.action != c.redirect || at.Header.Get("Cache-Control") != "no-store" || at.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s: %d to %q %v", what, at.StatusCode, f.action, at.Header)
			}
			// The page runs no inline script, and its one form goes where the redirect URI says. It binds no
			// further redirect to a policy, as a form-action would: those are the app's own.
			if !strings.Contains(csp, "script-src 'self'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "form-action") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
				t.Errorf("%s: policy %s", what, csp)
			}
			if strings.Contains(at.body, "<script>") || f.values.Get("state") != c.state || f.values.Get("iss") != issuer || strings.Contains(at.Request.URL.RawQuery, "code=") {
				t.Errorf("%s: %v", what, f.values)
			}
			return f.values
		}
		code := handed("allowed", a.decide(a.asked(c, ada, "response_mode", "form_post"), "allow")).Get("code")
		a.tokens(a.token(c.exchangeForm(code)))
		if q := handed("denied", a.decide(a.asked(c, ada, "response_mode", "form_post"), "deny")); q.Get("error") != "access_denied" || q.Has("code") {
			t.Errorf("denied: %v", q)
		}
		if q := handed("a wrong request", a.get(c.authorize("response_mode", "form_post", "response_type", "token"))); q.Get("error") != "unsupported_response_type" {
			t.Errorf("a wrong request: %v", q)
		}
		page400(t, "another redirect URI", a.get(c.authorize("response_mode", "form_post", "redirect_uri", "https://evil.example/")))
		scheme := native()
		scheme.redirect = "com.exampleco.timesheets:/callback"
		a.sentBack("a private-use scheme", scheme, a.get(scheme.authorize("response_mode", "form_post")), "invalid_request")
	},
	"AZ-54": func(t *testing.T) {
		a, c := newAgent(t), native()
		trap, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		caught := make(chan struct{})
		go func() {
			if conn, err := trap.Accept(); err == nil {
				conn.Close()
				close(caught)
			}
		}()
		a.sentBack("request_uri", c, a.get(c.authorize("request_uri", "http://"+trap.Addr().String()+"/request.jwt")), "request_uri_not_supported")
		a.sentBack("request", c, a.get(c.authorize("request", "eyJhbGciOiJub25lIn0.e30.")), "request_not_supported")
		a.sentBack("registration", c, a.get(c.authorize("registration", "{}")), "registration_not_supported")
		trap.Close()
		select {
		case <-caught:
			t.Error("the server fetched request_uri")
		default: // whatever it would have fetched had to be there before it answered
		}
	},
	"AZ-55": func(t *testing.T) {
		a, c := newAgent(t), native()
		// sentBack compares iss and state of every error; here are one from
		// each stage: the request, no session, no consent, the person's no.
		a.sentBack("request", c, a.get(c.authorize("response_type", "token")), "unsupported_response_type")
		a.sentBack("session", c, a.get(c.authorize("prompt", "none")), "login_required")
		page := a.asked(c, ada)
		a.sentBack("consent", c, a.follow(a.get(c.authorize("prompt", "none"))), "consent_required")
		a.sentBack("no", c, a.decide(page, "deny"), "access_denied")
	},
	"AZ-56": func(t *testing.T) {
		a := newAgent(t)
		for _, origin := range []string{"https://evil.example", "http://localhost:3000", "null"} {
			for _, method := range []string{http.MethodGet, http.MethodOptions, http.MethodPost} {
				at := a.do(method, native().authorize(), "", "Origin", origin, "Access-Control-Request-Method", "GET")
				for name := range at.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s from %s: %s", method, origin, name)
					}
				}
			}
		}
	},
	"AZ-57": func(t *testing.T) {
		a, c := newAgent(t), native()
		f := a.follow(a.get(c.authorize())).form(t)
		f.values.Set("email", ada)
		f.values.Set("password", password)
		at := a.post(f.action, f.values)
		// RFC 9700 4.12: 307 and 308 make the browser post the password again.
		if at.StatusCode != http.StatusSeeOther || strings.Contains(at.Header.Get("Location"), password) {
			t.Errorf("after the login form: %d %s, want 303", at.StatusCode, at.Header.Get("Location"))
		}
	},
	"AZ-58": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, nasty := range []string{`<img src=x onerror=1>`, `"; DROP TABLE clients`, "../../etc/passwd", "é\r\nX: 1"} {
			a.sentBack(nasty, c, a.get(c.authorize("scope", "openid "+nasty)), "invalid_scope") // checks the characters
			at := a.get(c.authorize("redirect_uri", "https://evil.example/"+nasty))
			page400(t, nasty, at)
			for _, leak := range []string{"<img", "goroutine", ".go:", "SELECT ", "sqlite"} {
				if strings.Contains(at.body, leak) {
					t.Errorf("%q: the page holds %s", nasty, leak)
				}
			}
		}
	},
})

func merged(sections ...map[string]func(*testing.T)) map[string]func(*testing.T) {
	out := map[string]func(*testing.T){}
	for _, section := range sections {
		for id, prove := range section {
			out[id] = prove
		}
	}
	return out
}

func queryOf(t *testing.T, a answer) url.Values {
	t.Helper()
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// redirects are the redirect URIs that must not be taken, and those that must.
var redirects = map[string]func(*testing.T){
	"AZ-14": not(web, "http://localhost:3000/CALLBACK", "http://LOCALHOST:3000/callback", "http://Localhost:3000/callback"),
	"AZ-15": not(web, "http://localhost:3000/callback/", "http://localhost:3000/callback?x=1", "http://localhost:3000/callback2", "http://localhost:3000/callbac", "http://localhost:3000/"),
	"AZ-16": not(web, "http://localhost:3000@evil.example/callback", "http://localhost.evil.example:3000/callback", "http://localhost:3000.evil.example/callback", "https://evil.example/http://localhost:3000/callback"),
	"AZ-17": not(web, "http://localhost:3000/callback/../x", "http://localhost:3000/x/../callback", "http://localhost:3000/callback/..;/x",
		"http://localhost:3000/callback/%2e%2e/x", "http://localhost:3000/callback/%252e%252e/x", "http://localhost:3000//callback", "http://localhost:3000/./callback"),
	"AZ-18": not(web, "http://localhost:03000/callback", "http://localhost:3000/%63allback", "http://localhost:3000/callb%61ck", "http://local%68ost:3000/callback"),
	"AZ-19": not(web, "https://localhost:3000/callback", "ftp://localhost:3000/callback", "//localhost:3000/callback", "localhost:3000/callback"),
	"AZ-20": merge(not(web, "http://localhost:3000/callback#f", "http://localhost:3000/callback#"),
		not(native, "http://127.0.0.1:5000/callback#f", "http://127.0.0.1:5000/callback#", "com.exampleco.timesheets:/callback#")),
	"AZ-21": merge(not(web, " http://localhost:3000/callback", "http://localhost:3000/callback ", "http://localhost:3000/callback\n", "http://localhost:3000/callback\x00", "\thttp://localhost:3000/callback",
		`http://evil.example\@localhost:3000/callback`, `http:\\localhost:3000\callback`), not(native, "http://127.0.0.1:5000\\@evil.example/callback", " http://127.0.0.1:5000/callback")),
	"AZ-22": not(native, "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "urn:ietf:wg:oauth:2.0:oob", "vbscript:x", "about:blank", "blob:http://localhost/x"),
	"AZ-23": func(t *testing.T) {
		for range 20 {
			takes(t, native(), fmt.Sprintf("http://127.0.0.1:%d/callback", 1024+rand.IntN(64000)))
		}
		takes(t, native(), "http://127.0.0.1/callback")
		for _, path := range seededPaths {
			takes(t, native(), "http://127.0.0.1:50123"+path)
		}
		not(native, "http://127.0.0.1:50123//", "http://127.0.0.1:50123/oauth", "http://127.0.0.1:50123/oauth/callback/", "http://127.0.0.1:50123?", "http://127.0.0.1:50123/?x=1")(t)
	},
	"AZ-24": func(t *testing.T) {
		for _, path := range seededPaths {
			takes(t, native(), "http://[::1]:50123"+path)
		}
	},
	"AZ-25": func(t *testing.T) {
		// CONTRACT: the seed registers http://localhost/callback "(any port)".
		for _, path := range seededPaths {
			takes(t, native(), "http://localhost:50123"+path)
		}
		// RFC 8252 8.3: localhost may be another address, so what is
		// registered for one name says nothing of another.
		not(spa, "http://127.0.0.1:5173/callback", "http://[::1]:5173/callback")(t)
	},
	"AZ-26": not(native, "http://127.0.0.1:5000/callback?x=1", "http://127.0.0.1:5000/callback?", "http://[::1]:5000/callback?x", "http://localhost:5000/callback?"),
	"AZ-27": not(native, "http://evil.com@127.0.0.1:5/callback", "http://u:p@127.0.0.1:5000/callback", "http://@127.0.0.1:5000/callback", "http://127.0.0.1:5000@evil.com/callback"),
	"AZ-28": not(native, "http://127.0.0.1:0/callback", "http://127.0.0.1:99999/callback", "http://127.0.0.1:/callback", "HTTP://127.0.0.1:5000/callback", "http://127.0.0.1:5000/%63allback",
		"http://127.0.0.1:05000/callback", "http://127.0.0.1:+5000/callback", "http://127.0.0.1:5000a/callback"),
	"AZ-29": not(native, "http://127.0.0.2:5000/callback", "http://127.1:5000/callback", "http://2130706433:5000/callback", "http://[::ffff:127.0.0.1]:5000/callback", "http://127.0.0.1.evil.com:5000/callback",
		"http://localhost.evil.com:5000/callback", "http://0x7f000001:5000/callback", "http://[::]:5000/callback", "http://0.0.0.0:5000/callback", "http://localhost.:5000/callback"),
	"AZ-30": func(t *testing.T) {
		// CONTRACT: the addresses at which frameworks expect the answer, for both web clients.
		for _, uri := range []string{":3000/callback", ":8080/callback", ":3000/api/auth/callback/punchcard", ":4180/oauth2/callback", ":8080/login/oauth2/code/punchcard",
			":8000/complete/oidc/", ":8000/oidc/callback/", ":5000/signin-oidc"} {
			takes(t, web(), "http://localhost"+uri)
			takes(t, legacy(), "http://localhost"+uri)
		}
		// RFC 9700 2.1: variable ports are an exception for native apps.
		not(web, "http://localhost:3001/callback", "http://localhost/callback", "http://127.0.0.1:3000/callback")(t)
		not(spa, "http://localhost:5174/callback", "http://localhost/callback")(t)
	},
	"AZ-31": func(t *testing.T) {
		takes(t, native(), "com.exampleco.timesheets:/callback")
		not(native, "com.exampleco.timesheets://callback", "com.exampleco.timesheets:/callback2", "COM.exampleco.timesheets:/callback", "com.exampleco.timesheets:callback",
			"com.exampleco.timesheets:///callback", "com.exampleco.timesheets:/callback?x", "com.exampleco.timesheets.evil:/callback")(t)
	},
	"AZ-32": func(t *testing.T) {
		a := newAgent(t)
		// Each client of the seed has several: which one is meant cannot be guessed.
		page400(t, "openid", a.get(native().authorize("redirect_uri", "")))
		page400(t, "plain OAuth", a.get(native().authorize("redirect_uri", "", "scope", "read:timesheets")))
	},
}

// not makes a case of redirect URIs that are answered by a page of ours.
func not(c func() *client, uris ...string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		a := newAgent(t)
		for _, uri := range uris {
			page400(t, uri, a.get(c().authorize("redirect_uri", uri)))
		}
	}
}

func merge(parts ...func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		for _, part := range parts {
			part(t)
		}
	}
}

// CONTRACT: what the seed registers for a native app at each loopback address,
// any port.
var seededPaths = []string{"", "/", "/callback", "/oauth/callback"}

// takes says that a request with this redirect URI goes on to the login page,
// and that its errors go there.
func takes(t *testing.T, c *client, uri string) {
	t.Helper()
	a := newAgent(t)
	c.redirect = uri
	if at := a.follow(a.get(c.authorize())); at.StatusCode != http.StatusOK || at.Request.URL.Path != "/login" {
		t.Errorf("%s: came to %s %d, want the login page", uri, at.Request.URL.Path, at.StatusCode)
	}
	a.sentBack(uri, c, a.get(c.authorize("response_type", "token")), "unsupported_response_type")
}

// prompts is OpenID Connect's say over login and consent.
var prompts = map[string]func(*testing.T){
	"AZ-46": func(t *testing.T) {
		a, c := newAgent(t), native()
		a.sentBack("no session", c, a.get(c.authorize("prompt", "none")), "login_required")
		a.asked(c, ada)
		a.sentBack("no consent", c, a.follow(a.get(c.authorize("prompt", "none"))), "consent_required")
	},
	"AZ-47": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, prompt := range []string{"none login", "none consent", "junk", "login junk", "NONE"} {
			a.sentBack(prompt, c, a.get(c.authorize("prompt", prompt)), "invalid_request")
		}
	},
	"AZ-48": func(t *testing.T) {
		a, c := newAgent(t), native()
		before := part(t, a.granted(c, ada).ID, 1)["auth_time"].(float64)
		time.Sleep(1100 * time.Millisecond) // auth_time counts in seconds
		page := a.follow(a.get(c.authorize("prompt", "login")))
		if page.Request.URL.Path != "/login" {
			t.Fatalf("came to %s, want the password asked again", page.Request.URL.Path)
		}
		page = a.signIn(page, ada)
		code := a.arrives(c, a.decide(page, "allow")).Get("code")
		if after := part(t, a.tokens(a.token(c.exchangeForm(code))).ID, 1)["auth_time"].(float64); after <= before {
			t.Errorf("auth_time %v after %v", after, before)
		}
	},
	"AZ-49": func(t *testing.T) {
		a, c := newAgent(t), spa().asking("openid read:timesheets")
		a.arrives(c, a.decide(a.asked(c, ada, "prompt", "consent"), "allow", func(v url.Values) { v.Set("remember", "1") }))
		if q := a.arrives(c, a.follow(a.get(c.authorize()))); !q.Has("code") {
			t.Fatalf("remembered, and still asked: %v", q)
		}
		a.asked(c, ada, "prompt", "consent")
	},
	"AZ-50": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, age := range []string{"-5", "abc", "1.5", "+1", "9223372036854775808"} {
			a.sentBack(age, c, a.get(c.authorize("max_age", age)), "invalid_request")
		}
		got := a.granted(c, ada)
		if part(t, got.ID, 1)["auth_time"] == nil {
			t.Error("no auth_time")
		}
		if page := a.follow(a.get(c.authorize("max_age", "3600"))); page.Request.URL.Path != "/consent" {
			t.Errorf("max_age=3600 right after the login: %s", page.Request.URL.Path)
		}
		time.Sleep(2100 * time.Millisecond)
		for _, age := range []string{"0", "1"} {
			if page := a.follow(a.get(c.authorize("max_age", age))); page.Request.URL.Path != "/login" {
				t.Errorf("max_age=%s after two seconds: %s, want the password asked", age, page.Request.URL.Path)
			}
		}
	},
	"AZ-51": func(t *testing.T) {
		hers, his, c := newAgent(t), newAgent(t), native()
		hint := his.granted(c, alan).ID
		hers.asked(c, ada)
		hers.sentBack("his hint", c, hers.follow(hers.get(c.authorize("prompt", "none", "id_token_hint", hint))), "login_required")
	},
}
