package record

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

const (
	deviceCode  = "pcd_the-code-that-only-the-device-has-0123"
	userCode    = "WDJB-MJHT"
	requestURI  = "urn:ietf:params:oauth:request_uri:bwc4JK-ESC0w8acc191e-Y1LTC2"
	manageToken = "pcg_the-token-that-manages-a-registration"
)

var deviceAnswer = says(200, `{"device_code":"`+deviceCode+`","user_code":"`+userCode+`","verification_uri":"http://x/device","verification_uri_complete":"http://x/device?user_code=`+userCode+`","expires_in":600,"interval":5}`)

func (w *world) outcome(number int) Outcome {
	w.Helper()
	run := w.run(number)
	return run.Outcome()
}

// poll asks for the token of a device once.
func (w *world) poll(status int, answer string) {
	w.Helper()
	w.answer = says(status, answer)
	w.send("/oauth/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {"tv"}, "device_code": {deviceCode}})
}

// RFC 8628: a device on one side, a person with a browser on the other. The two
// codes connect them, however the person writes theirs.
func TestADeviceIsOneRun(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	for _, step := range flowOf("bob").steps(w) { // somebody else's, before
		step()
	}
	w.answer = deviceAnswer
	w.send("/oauth/device/code", url.Values{"client_id": {"tv"}, "scope": {"read:timesheets"}})
	w.poll(400, `{"error":"authorization_pending"}`)
	w.answer = says(200, "")
	w.send("/device?user_code="+userCode, nil)
	w.answer = redirects("/login?flow=handle-of-the-device-flow")
	w.send("/device", url.Values{"user_code": {"wdjb mjht"}})
	w.answer = redirects("/device?flow=handle-of-the-device-flow")
	w.send("/login", url.Values{"flow": {"handle-of-the-device-flow"}, "email": {"ada@example.com"}, "password": {"the-password"}})
	w.poll(400, `{"error":"slow_down"}`)
	if got := w.outcome(2); got != Open {
		t.Errorf("while it waits, the run is %q, want %q", got, Open)
	}
	w.poll(200, `{"access_token":"`+flowOf("ada").access+`"}`)
	w.answer = says(200, `{"items":[]}`)
	w.send("/api/timesheets", nil, "Authorization", "Bearer "+flowOf("ada").access)
	const want = "device request, token, device page, device form, login, token, token, api"
	if got := w.kinds(2); got != want {
		t.Errorf("run 2 is %s, want %s; there are %d runs", got, want, len(w.Recent()))
	}
	run := w.run(2)
	if run.Client != "tv" || run.Person != "usr_ada" || run.Outcome() != Done {
		t.Errorf("client %q, person %q, outcome %q", run.Client, run.Person, run.Outcome())
	}
	w.answer = deviceAnswer
	w.send("/oauth/device/code", url.Values{"client_id": {"tv"}})
	w.poll(400, `{"error":"expired_token"}`)
	if got := w.outcome(2); got != Refused {
		t.Errorf("after the code has expired the run is %q, want %q", got, Refused)
	}
}

// RFC 9126: what was pushed by the back door and what the browser brings is one
// request, also the second time.
func TestAPushedRequestIsOneRun(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	f := flowOf("ada")
	push := func(uri string) {
		w.answer = says(201, `{"request_uri":"`+uri+`","expires_in":60}`)
		w.send("/oauth/par", url.Values{"client_id": {"app"}, "client_assertion": {"eyJh.eyJi.c2ln"}, "state": {"the-state-ada"}, "code_challenge": {ChallengeOf(f.verifier)}})
	}
	push(requestURI)
	w.answer = redirects("/login?flow=" + f.handle)
	w.send("/authorize?client_id=app&request_uri="+url.QueryEscape(requestURI), nil)
	for _, step := range f.steps(w)[1:] {
		step()
	}
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		w.log.DebugContext(r.Context(), "check", "rule", "pushed-request-used-once", "verdict", "fail")
		rw.WriteHeader(400)
	}
	w.send("/authorize?client_id=app&request_uri="+strings.ToLower(url.QueryEscape(requestURI[:34]))+requestURI[34:], nil) // as curl escapes it
	const want = "pushed request, authorize, login, resume, token, api, authorize"
	if got := w.kinds(1); got != want {
		t.Errorf("run 1 is %s, want %s", got, want)
	}
	if got := w.outcome(1); got != Refused { // RFC 9126 4 has no family that would end
		t.Errorf("used twice, the run is %q, want %q", got, Refused)
	}
	run := w.run(1)
	for _, x := range run.Masked().Exchanges {
		if strings.Contains(fmt.Sprintf("%+v", *x), requestURI[34:]) {
			t.Errorf("not masked: %s", x.Target)
		}
	}
	push(requestURI + "-another") // the same challenge: RFC 7636's example, say
	if got := w.kinds(1); got != want {
		t.Errorf("a new request went to the old run: %s", got)
	}
}

// Whichever way the code takes to the app, it is known again: in a fragment,
// or by a form in a page, of which nothing else is kept.
func TestTheCodeComesByOtherWays(t *testing.T) {
	f := flowOf("ada")
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"fragment": redirects("http://127.0.0.1:9/callback#code=" + f.code + "&state=the-state-ada"),
		"form_post": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<title>Back to the app</title><form method="post" action="http://127.0.0.1:9/callback"><input type="hidden" name="code" value="%s"/><input type="hidden" name="state" value="a &amp; b and more"/><input type="hidden" name="other" value="never-to-be-kept"/></form>`, f.code)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			steps := f.steps(w)
			steps[0]()
			steps[1]()
			w.answer = answer
			w.send("/authorize?flow="+f.handle, nil)
			w.answer = says(400, `{"error":"invalid_grant"}`)
			w.send("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {f.code}, "code_verifier": {"some-other-verifier-than-the-one"}})
			if got := w.kinds(1); got != "authorize, login, resume, token" {
				t.Errorf("run 1 is %s; there are %d runs", got, len(w.Recent()))
			}
			run := w.run(1)
			x := run.Exchanges[2]
			if len(x.Given()) == 0 || x.Given()[0].Kind != Code || x.Returned().Get("code") != f.code || strings.Contains(fmt.Sprintf("%+v", *x), "never-to-be-kept") {
				t.Errorf("kept: %+v", *x)
			}
			w.saveAll(t.Context())
			var stored string
			if err := w.db.QueryRow(`SELECT body FROM inspector_runs`).Scan(&stored); err != nil || strings.Contains(stored, f.code) || strings.Contains(stored, "and+more") {
				t.Errorf("the file has %s (%v)", stored, err)
			}
		})
	}
}

// An error that comes back is a refusal, whichever way it takes.
func TestARefusalComesByOtherWays(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"query": redirects("http://127.0.0.1:9/callback?error=access_denied"), "fragment": redirects("http://127.0.0.1:9/callback#error=access_denied"),
		"form_post": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<title>Back</title><input type="hidden" name="error" value="access_denied">`)
		},
	} {
		w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
		w.answer = answer
		w.send("/authorize?client_id=app", nil)
		if run := w.run(1); run.Outcome() != Refused || run.Title().Error != "access_denied" {
			t.Errorf("%s: %s, %q", name, run.Outcome(), run.Title().Error)
		}
	}
}

// RFC 7592: what an app reads and changes of its registration belongs to it.
func TestARegistrationIsOneRun(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = says(201, `{"client_id":"made-here","registration_access_token":"`+manageToken+`","registration_client_uri":"http://x/oidc/register/made-here"}`)
	w.sendJSON("/oidc/register", `{"client_name":"Mine"}`)
	w.answer = says(200, `{"client_id":"made-here"}`)
	w.send("/oidc/register/made-here", nil, "Authorization", "Bearer "+manageToken)
	if got := w.kinds(1); got != "registration, registration" {
		t.Errorf("run 1 is %s; there are %d runs", got, len(w.Recent()))
	}
	run := w.run(1)
	if run.Client != "made-here" || !strings.Contains(run.Exchanges[0].Body, "Mine") {
		t.Errorf("client %q, body %q", run.Client, run.Exchanges[0].Body)
	}
}

func (w *world) sendJSON(target, body string) {
	w.Helper()
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
	w.drain()
}

// RFC 9449: a bound token is a token, whatever stands before it; the nonce that
// a server asks for is no refusal.
func TestABoundTokenConnects(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	f := flowOf("ada")
	for _, step := range f.steps(w) {
		step()
	}
	w.answer = func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce", error_description="a nonce is needed"`)
		rw.WriteHeader(401)
	}
	w.send("/api/me", nil, "Authorization", "DPoP "+f.access, "DPoP", jwt(`{"htm":"GET"}`))
	w.answer = says(200, `{}`)
	w.send("/userinfo", nil, "Authorization", "dpop "+f.access)
	if got, want := w.kinds(1), whole+", api, userinfo"; got != want {
		t.Errorf("run 1 is %s, want %s", got, want)
	}
	run := w.run(1)
	if run.Outcome() != Done {
		t.Errorf("asked for a nonce, the run is %q", run.Outcome())
	}
	for _, x := range run.Masked().Exchanges {
		if sent := x.Header.Get("Authorization"); strings.Contains(sent, f.access[:20]) {
			t.Errorf("masked as %q", sent)
		}
	}
}

// What a registration answers has a secret in it, which is kept nowhere.
func TestSecretsOfRegistrationsAreNeverKept(t *testing.T) {
	const secret = "never-to-be-kept-1234567890"
	for name, body := range map[string]string{
		"a member":           `{"client_id":"x","client_secret":"` + secret + `","client_secret_expires_at":0}`,
		"with spaces":        "{\n  \"client_secret\" :\t\"" + secret + "\"\n}",
		"in a list":          `[{"a":[1,{"client_secret":"` + secret + `"}]}]`,
		"of another form":    `{"client_secret":{"value":["` + secret + `"]},"b":1}`,
		"in other case":      `{"Client_Secret":"` + secret + `"}`,
		"with escapes":       `{"client\u005fsecret":"` + secret + `"}`,
		"no JSON":            `client_secret=` + secret,
		"no JSON to its end": `{"client_secret":"` + secret + `"`,
		"twice":              `{"client_secret":"a","client_secret":"` + secret + `"}`,
		"a password":         `{"a":{"password":"` + secret + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			w.answer = says(201, body)
			w.sendJSON("/oidc/register", body)
			if kept := fmt.Sprintf("%+v", *w.run(1).Exchanges[0]); strings.Contains(kept, secret) {
				t.Errorf("kept: %s", kept)
			}
		})
	}
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = says(201, `{"client_id": "x", "client_secret": "`+secret+`", "redirect_uris": ["http://x/cb"]}`)
	w.sendJSON("/oidc/register", `{"redirect_uris": ["http://x/cb"]}`)
	x := w.run(1).Exchanges[0]
	if want := `{"client_id": "x", "client_secret":"` + Hidden + `", "redirect_uris": ["http://x/cb"]}`; x.AnswerBody != want || x.Body != `{"redirect_uris": ["http://x/cb"]}` {
		t.Errorf("kept %s and %s, want the rest as it was sent", x.Body, x.AnswerBody)
	}
}

// In the file none of the values of these flows is whole, and of one that
// people type there is not even most.
func TestTheFileHasNoSecretsOfOtherFlows(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = deviceAnswer
	w.send("/oauth/device/code", url.Values{"client_id": {"tv"}})
	w.answer = says(200, "")
	w.send("/device", url.Values{"user_code": {"wdjb mjht"}})
	w.poll(400, `{"error":"authorization_pending"}`)
	w.answer = says(201, `{"request_uri":"`+requestURI+`"}`)
	w.send("/oauth/par", url.Values{"client_id": {"app"}})
	w.answer = redirects("/login?flow=" + flowOf("ada").handle)
	w.send("/authorize?client_id=app&request_uri="+url.QueryEscape(requestURI), nil)
	w.answer = says(201, `{"registration_access_token":"`+manageToken+`"}`)
	w.sendJSON("/oidc/register", `{}`)
	w.answer = says(200, `{}`)
	w.send("/oidc/register/x", nil, "Authorization", "Bearer "+manageToken)
	w.saveAll(t.Context())
	var stored string
	if err := w.db.QueryRow(`SELECT group_concat(summary || body) FROM inspector_runs`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{
		"device code": deviceCode, "user code": userCode, "user code as typed": "wdjb+mjht", "user code as typed, decoded": "wdjb mjht",
		"request_uri": requestURI, "request_uri, escaped": url.QueryEscape(requestURI), "registration access token": manageToken,
	} {
		if strings.Contains(stored, secret) || strings.Contains(stored, secret[:len(secret)-4]) {
			t.Errorf("the file has the %s", name)
		}
	}
	for _, want := range []string{`"` + NewValue(Device, deviceCode).Mask, NewValue(Pushed, requestURI).Mask, "pcd_th…", "request_uri:bwc4JK…", NewValue(UserCode, userCode).Mask} {
		if !strings.Contains(stored, want) {
			t.Errorf("the file lacks %s", want)
		}
	}
}

// There are many ways to write a value in a URL or a form, and all are masked.
func TestAMaskCoversEveryEscape(t *testing.T) {
	f := flowOf("ada")
	every := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
		return b.String()
	}
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = redirects("http://127.0.0.1:9/callback?code=" + every(f.code) + "&next=" + every("http://x/?code="+f.code))
	r := httptest.NewRequest("POST", "/oauth/token?token="+every(f.access), strings.NewReader("code="+every(f.code)+"&code_verifier="+every(f.verifier)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", "http://x/?flow="+every(f.handle))
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
	w.drain()
	run := w.run(1)
	masked := fmt.Sprintf("%+v", *run.Masked().Exchanges[0])
	for name, secret := range map[string]string{"code": f.code, "token": f.access, "verifier": f.verifier, "handle": f.handle} {
		if strings.Contains(masked, secret) || strings.Contains(masked, every(secret)[9:]) {
			t.Errorf("the %s is not masked: %s", name, masked)
		}
	}
}

// What is watched, and as what.
func TestKinds(t *testing.T) {
	for asked, want := range map[string]Kind{
		"GET /authorize?client_id=a": KindAuthorize, "POST /authorize": KindAuthorize, "GET /authorize?flow=f": KindResume,
		"GET /login": KindLoginPage, "POST /login": KindLogin, "GET /consent": KindConsentPage, "POST /consent": KindConsent,
		"GET /select-account": KindSelectPage, "POST /select-account": KindSelect, "GET /account": KindAccountPage, "POST /account": KindAccount,
		"GET /device": KindDevicePage, "POST /device": KindDeviceForm, "POST /oauth/device/code": KindDevice, "POST /oauth/par": KindPushed,
		"POST /oidc/register": KindRegister, "PUT /oidc/register/x": KindRegister, "POST /oauth/token": KindToken, "OPTIONS /oauth/token": KindPreflight,
		"POST /oauth/whatever": KindOther, "GET /api/me": KindAPI, "GET /api/openapi.json": "", "GET /inspector": "", "GET /static/x": "", "GET /": "", "GET /accounts": "",
	} {
		method, target, _ := strings.Cut(asked, " ")
		if got := kindOf(httptest.NewRequest(method, target, nil)); got != want {
			t.Errorf("%s is %q, want %q", asked, got, want)
		}
	}
}
