package catalogue

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// deviceCode is what a device is told, RFC 8628 3.2.
type deviceCode struct {
	Code string `json:"device_code"`
	User string `json:"user_code"`
}

// television asks for a code, and keeps it from the file.
func (a *agent) television(c *client, pairs ...string) (d deviceCode) {
	a.t.Helper()
	at := a.post("/oauth/device/code", c.with(url.Values{"scope": {c.scope}}, pairs...))
	if err := json.Unmarshal([]byte(at.body), &d); err != nil || at.StatusCode != http.StatusOK || d.Code == "" || d.User == "" {
		a.t.Fatalf("no device code: %d %s", at.StatusCode, at.body)
	}
	keep("device code", d.Code)
	keep("user code", d.User)
	keep("user code", strings.ReplaceAll(d.User, "-", ""))
	return d
}

func (c *client) pollForm(d deviceCode, pairs ...string) url.Values {
	return c.with(url.Values{"grant_type": {deviceGrant}, "device_code": {d.Code}}, pairs...)
}

func (a *agent) poll(c *client, d deviceCode) answer {
	a.t.Helper()
	return a.token(c.pollForm(d))
}

// types enters a code on the device's page.
func (a *agent) types(code string) answer {
	a.t.Helper()
	return a.post("/device", url.Values{"user_code": {code}})
}

// compares stands where the codes are to be compared.
func (a *agent) compares(d deviceCode, email string) answer {
	a.t.Helper()
	page := a.follow(a.types(d.User))
	if page.Request.URL.Path == "/login" {
		page = a.signIn(page, email)
	}
	if page.Request.URL.Path != "/device" || !strings.Contains(page.body, "Does your device show this code?") {
		a.t.Fatalf("expected to compare, came to %s %d", page.Request.URL.Path, page.StatusCode)
	}
	return page
}

func (a *agent) atConsent(d deviceCode, email string) answer {
	a.t.Helper()
	page := a.decide(a.compares(d, email), "same")
	if page.Request.URL.Path != "/consent" {
		a.t.Fatalf("expected the consent page, came to %s %d", page.Request.URL.Path, page.StatusCode)
	}
	return page
}

// deviceGrants is RFC 8628. What needs the clock, expired_token and an interval that
// has passed, is proven in main under the same id.
var deviceGrants = map[string]func(*testing.T){
	"OP-03": func(t *testing.T) {
		t.Run("the request", deviceRequests)
		t.Run("polling", devicePolls)
		t.Run("denied", deviceDenied)
		t.Run("used once", deviceUsedOnce)
		t.Run("another client", deviceOfAnother)
		t.Run("no step is skipped", deviceSteps)
		t.Run("one decision", deviceDecidedOnce)
		t.Run("a forged approval", deviceForged)
		t.Run("a code that is none", deviceCodes)
	},
}

// RFC 8628 3.1: as strict as /authorize about who asks for what.
func deviceRequests(t *testing.T) {
	a := newAgent(t)
	ask := func(c *client, pairs ...string) answer {
		return a.post("/oauth/device/code", c.with(url.Values{"scope": {"openid read:timesheets"}}, pairs...))
	}
	refused(t, "no client", a.post("/oauth/device/code", url.Values{"scope": {"openid"}}), 401, "invalid_client")
	refused(t, "an unknown client", ask(native(), "client_id", "nobody"), 401, "invalid_client")
	refused(t, "a secret of a public client", ask(native(), "client_secret", "x"), 401, "invalid_client")
	refused(t, "a client without the grant", ask(cron()), 400, "unauthorized_client")
	refused(t, "another client without it", ask(web()), 400, "unauthorized_client")
	refused(t, "no scope", ask(native(), "scope", ""), 400, "invalid_scope")
	refused(t, "a scope of nobody’s", ask(native(), "scope", "openid admin"), 400, "invalid_scope")
	refused(t, "a machine’s scope", ask(native(), "scope", "batch:upload"), 400, "invalid_scope")
	refused(t, "another audience", ask(native(), "audience", "https://evil.example/api"), 400, "invalid_target")
	refused(t, "another resource", ask(native(), "resource", "https://evil.example/api"), 400, "invalid_target")
	refused(t, "twice", a.do("POST", "/oauth/device/code", "client_id=timesheets-mobile&scope=openid&scope=email", "Content-Type", "application/x-www-form-urlencoded"), 400, "invalid_request")
	refused(t, "JSON", a.do("POST", "/oauth/device/code", `{"client_id":"timesheets-mobile"}`, "Content-Type", "application/json"), 415, "invalid_request")
	if at := a.get("/oauth/device/code"); at.StatusCode != 405 || at.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d Allow %q", at.StatusCode, at.Header.Get("Allow"))
	}
	at := ask(native())
	if at.StatusCode != 200 || at.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d Cache-Control %q (RFC 8628 3.2)", at.StatusCode, at.Header.Get("Cache-Control"))
	}
	if at := ask(spa(), "client_id", "timesheets-spa"); at.StatusCode != 200 {
		t.Errorf("a browser client: %d", at.StatusCode)
	}
	origin := a.post("/oauth/device/code", spa().with(url.Values{"scope": {"openid"}}), "Origin", "http://localhost:5173")
	if origin.Header.Get("Access-Control-Allow-Origin") != "http://localhost:5173" {
		t.Errorf("CORS: %v", origin.Header)
	}
}

// RFC 8628 3.5.
func devicePolls(t *testing.T) {
	a, c := newAgent(t), native()
	d := a.television(c)
	refused(t, "the first poll", a.poll(c, d), 400, "authorization_pending")
	refused(t, "at once again", a.poll(c, d), 400, "slow_down")
	refused(t, "and again", a.poll(c, d), 400, "slow_down")
	refused(t, "no device_code", a.token(c.pollForm(d, "device_code", "")), 400, "invalid_request")
	refused(t, "an unknown one", a.token(c.pollForm(d, "device_code", "pcd_"+strings.Repeat("A", 43))), 400, "invalid_grant")
	refused(t, "the user code", a.token(c.pollForm(d, "device_code", d.User)), 400, "invalid_grant")
	refused(t, "as an authorization code", a.token(c.exchangeForm(d.Code)), 400, "invalid_grant")
	refused(t, "as a refresh token", a.token(c.refreshForm(d.Code)), 400, "invalid_grant")
	code := a.code(c, ada)
	refused(t, "an authorization code", a.token(c.pollForm(d, "device_code", code)), 400, "invalid_grant")
	refused(t, "another audience", a.token(c.pollForm(d, "audience", "https://evil.example")), 400, "slow_down")
}

func deviceDenied(t *testing.T) {
	a, c := newAgent(t), native()
	for _, stop := range []func(deviceCode) answer{
		func(d deviceCode) answer { return a.decide(a.compares(d, ada), "stop") },
		func(d deviceCode) answer { return a.decide(a.atConsent(d, ada), "deny") },
		// Nothing ticked of what it asks for: nothing was granted.
		func(d deviceCode) answer {
			return a.decide(a.atConsent(d, ada), "allow", func(v url.Values) { v.Del("scope") })
		},
	} {
		d := a.television(c.asking("read:timesheets delete:timesheets"))
		if page := stop(d); page.StatusCode != 200 || !strings.Contains(page.body, "Nothing was allowed") {
			t.Errorf("the page at the end: %s %d", page.Request.URL.Path, page.StatusCode)
		}
		refused(t, "denied", a.poll(c, d), 400, "access_denied")
		refused(t, "denied, for good", a.poll(c, d), 400, "access_denied")
		if at := a.types(d.User); at.StatusCode != 409 {
			t.Errorf("its code, once more: %d, want 409", at.StatusCode)
		}
	}
}

// One approval, one token; a second use is a replay and ends the family.
func deviceUsedOnce(t *testing.T) {
	a, c := newAgent(t), native()
	d := a.television(c)
	page := a.atConsent(d, ada)
	a.decide(page, "allow", all(page, t), func(v url.Values) { v.Add("scope", "batch:upload"); v.Set("client_id", "timesheets-spa") })
	got := a.tokens(a.poll(c, d))
	if !a.alive(got.Access) || got.Refresh == "" || got.ID == "" || strings.Contains(got.Scope, "batch:upload") || strings.Contains(got.Scope, "approve") {
		t.Fatalf("scope %q, refresh %v, ID %v", got.Scope, got.Refresh != "", got.ID != "")
	}
	refused(t, "used again", a.poll(c, d), 400, "invalid_grant")
	if a.alive(got.Access) {
		t.Error("replayed, and its token lives")
	}
	refused(t, "its refresh token", a.token(c.refreshForm(got.Refresh)), 400, "invalid_grant")
}

// RFC 6749 5.2: another client gets nothing, and harms nothing.
func deviceOfAnother(t *testing.T) {
	a, c := newAgent(t), native()
	d := a.television(c)
	refused(t, "another client, pending", a.poll(spa(), d), 400, "invalid_grant")
	refused(t, "a client without the grant", a.poll(web(), d), 400, "unauthorized_client")
	refused(t, "and nobody has polled", a.poll(c, d), 400, "authorization_pending")
	a.decide(a.atConsent(d, ada), "allow")
	refused(t, "another client, allowed", a.poll(spa(), d), 400, "invalid_grant")
	got := a.tokens(a.poll(c, d))
	refused(t, "another client, used", a.poll(spa(), d), 400, "invalid_grant")
	if !a.alive(got.Access) {
		t.Error("another client has ended the grant")
	}
}

// RFC 8628 5.4: nothing is allowed before the codes were compared, by the
// person who allows it, in the browser where they were.
func deviceSteps(t *testing.T) {
	a, c := newAgent(t), native()
	d := a.television(c)
	// A consent that is remembered, or given to the same app elsewhere, waves nothing through.
	a.granted(spa(), ada)
	spaDevice := a.television(spa())
	for _, one := range []deviceCode{d, spaDevice} {
		page := a.compares(one, ada)
		flow := page.form(t).values.Get("flow")
		if at := a.follow(a.get("/consent?flow=" + url.QueryEscape(flow))); at.Request.URL.Path != "/device" {
			t.Errorf("consent before the comparison: %s %d", at.Request.URL.Path, at.StatusCode)
		}
		for _, session := range []string{"", page.form(t).values.Get("session")} {
			if at := a.post("/consent", url.Values{"flow": {flow}, "session": {session}, "decision": {"allow"}, "scope": {"openid"}}); at.StatusCode != 403 {
				t.Errorf("allowed before the comparison: %d", at.StatusCode)
			}
		}
		if at := a.post("/device", url.Values{"flow": {flow}, "decision": {"same"}}); at.StatusCode != 403 {
			t.Errorf("compared without having seen the page: %d", at.StatusCode)
		}
	}
	page := a.compares(d, ada)
	f := page.form(t)
	eve := newAgent(t)
	eve.signIn(eve.get("/login"), alan)
	for _, at := range []answer{eve.get("/device?flow=" + url.QueryEscape(f.values.Get("flow"))), eve.post("/device", f.values), eve.get("/consent?flow=" + url.QueryEscape(f.values.Get("flow")))} {
		if at.StatusCode != 403 {
			t.Errorf("another browser at %s: %d, want 403", at.Request.URL.Path, at.StatusCode)
		}
	}
	// Alan signs in to Ada's browser after she has compared: he is asked as well.
	consent := a.decide(page, "same")
	a.signIn(a.get("/login"), alan)
	if at := a.decide(consent, "allow"); at.StatusCode != 403 {
		t.Errorf("Alan allowed what was shown to Ada: %d", at.StatusCode)
	}
	if at := a.follow(a.get("/authorize?flow=" + url.QueryEscape(f.values.Get("flow")))); at.Request.URL.Path != "/device" {
		t.Errorf("Alan was not asked to compare: %s", at.Request.URL.Path)
	}
	refused(t, "nothing was allowed", a.poll(c, d), 400, "authorization_pending")
}

// Two browsers, one code: the first decision counts.
func deviceDecidedOnce(t *testing.T) {
	a, b, c := newAgent(t), newAgent(t), native()
	d := a.television(c)
	first, second := a.atConsent(d, ada), b.atConsent(d, alan)
	late := newAgent(t).compares(d, alan)
	a.decide(first, "deny")
	if at := b.decide(second, "allow"); at.StatusCode != 409 || !strings.Contains(at.body, "Type another code") {
		t.Errorf("allowed after it was denied: %d", at.StatusCode)
	}
	if at := b.get(late.Request.URL.RequestURI()); at.StatusCode == 200 {
		t.Errorf("another browser’s page: %d", at.StatusCode)
	}
	refused(t, "the first decision", a.poll(c, d), 400, "access_denied")
	// Each form twice.
	d = a.television(c)
	f := a.compares(d, ada).form(t)
	f.values.Set("decision", "same")
	for range 2 {
		if at := a.follow(a.post(f.action, f.values)); at.StatusCode != 200 || at.Request.URL.Path != "/consent" {
			t.Fatalf("\"It shows the same\" leads to %s: %d, want the consent page", at.Request.URL.Path, at.StatusCode)
		}
	}
	f = a.get("/consent?flow=" + f.values.Get("flow")).form(t)
	f.values.Set("decision", "allow")
	if at := a.post("/consent", f.values); at.StatusCode != 303 {
		t.Errorf("the first press: %d", at.StatusCode)
	}
	if at := a.follow(a.post("/consent", f.values)); at.StatusCode != 200 || at.Request.URL.Path != "/device" {
		t.Errorf("the second press leads to %s: %d, want the page that says what was decided", at.Request.URL.Path, at.StatusCode)
	}
	if at := a.follow(a.post("/consent", f.values)); at.StatusCode != 200 || at.Request.URL.Path != "/device" {
		t.Errorf("the third press leads to %s: %d, want the page that says what was decided", at.Request.URL.Path, at.StatusCode)
	}
	f.values.Set("decision", "deny")
	if at := a.post("/consent", f.values); at.StatusCode != 409 {
		t.Errorf("another decision: %d, want 409", at.StatusCode)
	}
}

// A form from another site, or from another port of localhost.
func deviceForged(t *testing.T) {
	a, c := newAgent(t), native()
	d := a.television(c)
	page := a.compares(d, ada)
	f := page.form(t)
	f.values.Set("decision", "same")
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:9"}, {"Origin", "null"}} {
		if at := a.post("/device", f.values, header...); at.StatusCode != 403 {
			t.Errorf("%v compares: %d", header, at.StatusCode)
		}
		if at := a.post("/device", url.Values{"user_code": {d.User}}, header...); at.StatusCode != 403 {
			t.Errorf("%v types: %d", header, at.StatusCode)
		}
	}
	if at := a.get("/device?" + f.values.Encode()); at.StatusCode != 200 || !strings.Contains(at.body, "Does your device show this code?") {
		t.Errorf("the answer in a URL: %d", at.StatusCode)
	}
	refused(t, "nothing was allowed", a.poll(c, d), 400, "authorization_pending")
}

// What a person may type by mistake, and what nobody types.
func deviceCodes(t *testing.T) {
	a := newAgent(t)
	for _, typed := range []string{"", "BCDF", "BCDF-GHJKL", "AEIO-UYAE", "BCDF-GHJ1", strings.Repeat("B", 65), "BCDF\x00GHJK?", "<script>alert(1)</script>", "ＢＣＤＦＧＨＪＫ"} {
		if at := a.types(typed); at.StatusCode != 422 || strings.Contains(at.body, "<script>") || at.form(t).action != "/device" {
			t.Errorf("%q: %d, want the form again with 422", typed, at.StatusCode)
		}
	}
	if at := a.get("/device?user_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"); at.StatusCode != 200 || strings.Contains(at.body, "<script>") {
		t.Errorf("a hostile link: %d", at.StatusCode)
	}
	d := a.television(native())
	for _, typed := range []string{d.User, strings.ToLower(d.User), strings.ReplaceAll(d.User, "-", ""), " " + strings.ReplaceAll(d.User, "-", " – ") + " "} {
		if at := a.types(typed); at.StatusCode != 303 || !strings.HasPrefix(at.Header.Get("Location"), "/authorize?flow=") {
			t.Errorf("%q: %d to %s", typed, at.StatusCode, at.Header.Get("Location"))
		}
	}
}
