package stories

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func hours(t *testing.T, n *native) int {
	t.Helper()
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal([]byte(n.lastBody), &list); err != nil || len(list.Items) == 0 {
		t.Fatalf("no hours: %d %s", n.lastStatus, n.lastBody)
	}
	return len(list.Items)
}

func TestARunHasAllSteps(t *testing.T) {
	base := serve(t)
	ada := newNative(t, base, "ada@example.com").whole()
	d := run(t, base, "/inspector", 8)
	expect(t, "steps", d.steps(), codeFlow(4, 4, hours(t, ada)))
	if got := d.title(); got != "Ada signs in to Timesheets Mobile" {
		t.Errorf("title %q", got)
	}
	swap := shown(t, base, d.href(t, "Swap"))
	request, answer := swap.wire("wire-text"), swap.wire("answer")
	for _, want := range []string{"POST /oauth/token", "grant_type=authorization_code", "code_verifier=" + ada.verifier[:30]} {
		if !strings.Contains(request, want) {
			t.Errorf("the request does not show %q: %s", want, request)
		}
	}
	if !strings.Contains(answer, "200 OK") || !strings.Contains(answer, ada.refresh[:20]) {
		t.Errorf("the answer shows %s", answer)
	}
	if checks := swap.part("ledger"); !strings.Contains(checks, "The SHA-256 of code_verifier is the code_challenge of the request. RFC 7636 4.6") {
		t.Errorf("the ledger has no line for RFC 7636 4.6: %s", checks)
	}
	if says := swap.part("claims"); !strings.Contains(says, "usr_ada") || !strings.Contains(says, "who it speaks for") {
		t.Errorf("the token says %s", says)
	}
	opens := swap.part("opens")
	for _, want := range []string{"opens GET /api/timesheets", "does not open DELETE /api/timesheets/{id} needs delete:timesheets", "does not open GET /api/approvals needs approve:timesheets"} {
		if !strings.Contains(opens, want) {
			t.Errorf("what it opens lacks %q: %s", want, opens)
		}
	}
	if state, says := d.family(); state != "alive" || !strings.Contains(says, "authorization code") || !strings.Contains(says, "spent") {
		t.Errorf("the family is %s: %s", state, says)
	}
	for _, never := range []string{"timesheets\"", "password=timesheets"} {
		for _, label := range []string{"Name and password", "Swap"} {
			if got := shown(t, base, d.href(t, label)).wire("wire-text"); strings.Contains(got, never) {
				t.Errorf("%s shows the password: %s", label, got)
			}
		}
	}
}

// The README's block, pasted into a shell, makes a run as complete as a
// browser's.
func TestCurlAlone(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the README's block needs %s", tool)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```sh\nBASE=http://localhost:8484\n")
	if !ok {
		t.Fatal("the README has no block that begins with BASE=")
	}
	block, _, _ = strings.Cut(block, "```")
	base := serve(t)
	shell := exec.Command("bash", "-euo", "pipefail", "-c", "BASE="+base+"\n"+block)
	shell.Dir = t.TempDir()
	out, err := shell.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(`"items"`)) {
		t.Fatalf("the README's block: %v\n%s", err, out)
	}
	d := run(t, base, "/inspector", 8)
	expect(t, "steps", d.steps(), codeFlow(4, 4, bytes.Count(out, []byte(`"user_id"`))))
}

// Two people at the same moment, in turns, stay two runs.
func TestTwoRunsStayApart(t *testing.T) {
	base := serve(t)
	ada, grace := newNative(t, base, "ada@example.com"), newNative(t, base, "grace@example.com")
	first, second := ada.steps(), grace.steps()
	for i := range first {
		first[i]()
		second[i]()
	}
	for name, n := range map[string]*native{"Ada": ada, "Grace": grace} {
		person := map[string]string{"Ada": "usr_ada", "Grace": "usr_grace"}[name]
		d := run(t, base, "/inspector?person="+person, 8)
		if got := d.title(); got != name+" signs in to Timesheets Mobile" {
			t.Errorf("the run of %s is %q", name, got)
		}
		n.call("/api/timesheets")
		expect(t, name+"'s steps", d.steps(), codeFlow(4, 4, hours(t, n)))
	}
}

// A redirect URI that differs by one character is refused, and the page says
// where it differs and which clause demands it.
func TestAFailedCheckIsNamed(t *testing.T) {
	base := serve(t)
	n := newNative(t, base, "ada@example.com")
	n.ask("redirect_uri", "http://127.0.0.1:9/callbacK")
	if n.lastStatus != 400 {
		t.Fatalf("answered %d", n.lastStatus)
	}
	d := run(t, base, "/inspector?outcome=refused", 2)
	failed := d.failed()
	if len(failed) != 1 {
		t.Fatalf("failed: %q", failed)
	}
	for _, want := range []string{"The redirect URI is exactly a registered one.", "FAILED", "RFC 9700 2.1", "expected http://127.0.0.1 ", " http://127.0.0.1/callback ", "came http://127.0.0.1:9/callbacK", "differs from http://127.0.0.1/callback at character 27: “K” instead of “k”"} {
		if !strings.Contains(failed[0], want) {
			t.Errorf("%q is not in: %s", want, failed[0])
		}
	}
}

func TestReuseTurnsTheFamilyRed(t *testing.T) {
	base := serve(t)
	ada := newNative(t, base, "ada@example.com").whole()
	old := ada.renewal()
	ada.post("/oauth/token", old)
	ada.take()
	if state, _ := run(t, base, "/inspector", 10).family(); state != "alive" {
		t.Errorf("before, the family is %s", state)
	}
	ada.post("/oauth/token", old)
	if ada.lastStatus != 400 {
		t.Fatalf("the old refresh token: %d", ada.lastStatus)
	}
	if got := ada.call("/api/me"); got != 401 {
		t.Errorf("the newest access token: %d, want 401", got)
	}
	d := run(t, base, "/inspector?outcome=attack", 14)
	if state, says := d.family(); state != "attacked" || !strings.Contains(says, "used twice") || !strings.Contains(says, "revoked") || strings.Contains(says, "good") {
		t.Errorf("the family is %s: %s", state, says)
	}
	if got := strings.Join(d.steps(), "\n"); !strings.Contains(got, "Used twice: end the whole family") {
		t.Errorf("steps:\n%s", got)
	}
}

// setFault asks for one as a test in any language would.
func setFault(t *testing.T, base, fault string) {
	t.Helper()
	answer, err := http.Post(base+"/inspector/faults", "application/json", strings.NewReader(fault))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 201 {
		t.Fatalf("POST /inspector/faults: %d %s", answer.StatusCode, body)
	}
}

// The answer to a refresh is lost after the rotation: the app has to use the
// old token again, and that looks like theft.
func TestALostRefreshResponse(t *testing.T) {
	base := serve(t)
	ada := newNative(t, base, "ada@example.com").whole()
	setFault(t, base, `{"client":"timesheets-mobile","endpoint":"token","fault":"drop_response","times":1}`)
	if answer, err := ada.app.Do(ada.request("POST", "/oauth/token", ada.renewal())); err == nil {
		t.Fatalf("an answer came: %d", answer.StatusCode)
	}
	d := run(t, base, "/inspector", 10)
	steps := d.steps()
	if last := steps[len(steps)-1]; !strings.Contains(last, "Lost on the way: access token + refresh token") {
		t.Errorf("the last step is %q", last)
	}
	if lost := shown(t, base, d.href(t, "✕ Lost on the way")).part("lost"); lost == "" {
		t.Error("the page does not say why the answer was lost")
	}
	ada.post("/oauth/token", ada.renewal())
	if ada.lastStatus != 400 || !strings.Contains(ada.lastBody, "invalid_grant") {
		t.Fatalf("the old refresh token: %d %s", ada.lastStatus, ada.lastBody)
	}
	if state, _ := run(t, base, "/inspector?outcome=attack", 12).family(); state != "attacked" {
		t.Errorf("the family is %s", state)
	}
}

// press sends a form of the inspector's page.
func press(t *testing.T, base, path string, form url.Values) *http.Response {
	t.Helper()
	r, err := http.NewRequest("POST", base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := stay.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

func TestExpireNowAndLifetimes(t *testing.T) {
	base := serve(t)
	if got := press(t, base, "/inspector/lifetimes", url.Values{"access": {"5s"}}).StatusCode; got != 303 {
		t.Fatalf("lifetimes: %d", got)
	}
	ada := newNative(t, base, "ada@example.com").whole()
	renewed := ada.renewal()
	ada.post("/oauth/token", renewed)
	if !strings.Contains(ada.lastBody, `"expires_in":5,`) && !strings.Contains(ada.lastBody, `"expires_in":4,`) {
		t.Errorf("the token lives %s", ada.lastBody)
	}
	if got := press(t, base, "/inspector/lifetimes", url.Values{"access": {"25h"}}).StatusCode; got != 422 {
		t.Errorf("two hours: %d, want 422", got)
	}
	press(t, base, "/inspector/lifetimes", url.Values{"access": {"1h"}})
	bob := newNative(t, base, "alan@example.com").whole()
	d := run(t, base, "/inspector?person=usr_alan", 8)
	expire := ""
	for _, form := range all(d.doc, func(n *html.Node) bool { return hasClass(n, "expire") }) {
		expire = attr(form, "action")
	}
	swap := shown(t, base, d.href(t, "Swap"))
	for _, form := range all(swap.doc, func(n *html.Node) bool { return hasClass(n, "expire") && strings.Contains(text(n), "this token") }) {
		expire = attr(form, "action")
	}
	if expire == "" {
		t.Fatal("the page has no button to expire the token")
	}
	if got := bob.call("/api/me"); got != 200 {
		t.Fatalf("before: %d", got)
	}
	answer := press(t, base, expire, url.Values{"run": {d.number()}})
	if to := answer.Header.Get("Location"); answer.StatusCode != 303 || !strings.HasPrefix(to, "/inspector/"+d.number()) || !strings.Contains(to, "done=expired") {
		t.Errorf("expire: %d to %s", answer.StatusCode, to)
	}
	if got := bob.call("/api/me"); got != 401 {
		t.Errorf("after: %d, want 401", got)
	}
	if got := strings.Join(run(t, base, "/inspector?person=usr_alan", 12).failed(), "\n"); !strings.Contains(got, "exp") {
		t.Errorf("the ledger says %s", got)
	}
}

func keyIDs(t *testing.T, base string) (ids string) {
	t.Helper()
	answer, err := http.Get(base + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("jwks: %v", err)
	}
	for _, k := range set.Keys {
		ids += k.Kid + " "
	}
	return ids
}

func TestResetInOneClick(t *testing.T) {
	base := serve(t)
	before := keyIDs(t, base)
	ada := newNative(t, base, "ada@example.com").whole()
	if got := press(t, base, "/inspector/reset", nil); got.StatusCode != 303 {
		t.Fatalf("reset: %d", got.StatusCode)
	}
	if got := ada.call("/api/me"); got != 401 {
		t.Errorf("a token from before: %d, want 401", got)
	}
	if after := keyIDs(t, base); after != before {
		t.Errorf("the keys were %s and are %s", before, after)
	}
	newNative(t, base, "ada@example.com").whole()
}

// Permalinks live through a restart, without the secrets.
func TestRunsSurviveARestart(t *testing.T) {
	s := launch(t)
	ada := newNative(t, s.url, "ada@example.com").whole()
	before := run(t, s.url, "/inspector", 8)
	number := before.number()
	s.stop()
	file, err := os.ReadFile(s.db)
	if err != nil || !bytes.Contains(file, []byte(ada.refresh[:6]+"…")) {
		t.Fatalf("the file has no run: %v", err)
	}
	for name, secret := range map[string]string{"verifier": ada.verifier, "code": ada.code, "access token": ada.access, "refresh token": ada.refresh} {
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("the file has the %s", name)
		}
	}
	again := s.again()
	d := shown(t, again.url, "/inspector/"+number)
	expect(t, "steps", d.steps(), before.steps())
	swap := shown(t, again.url, d.href(t, "Swap"))
	page := text(swap.doc)
	for name, secret := range map[string]string{"verifier": ada.verifier, "code": ada.code, "access token": ada.access, "refresh token": ada.refresh, "state": ada.state} {
		if strings.Contains(page, secret) || strings.Contains(page, secret[:16]) {
			t.Errorf("the page still has the %s", name)
		}
	}
	for _, want := range []string{ada.refresh[:6] + "…", "usr_ada", "From before the last start"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// The next refresh goes on with the same run.
	ada.base = again.url
	ada.post("/oauth/token", ada.renewal())
	ada.take()
	if got := run(t, again.url, "/inspector/"+number, 10).steps(); !strings.Contains(got[len(got)-1], "access token + refresh token") {
		t.Errorf("after one more refresh:\n%s", strings.Join(got, "\n"))
	}
}

// Anybody who can reach the page over a network has to be a manager, and sees
// no value whole.
func TestBeyondThisMachine(t *testing.T) {
	base := serve(t, "--issuer", "http://punchcard.test:8484", "--allow-demo-passwords") // told to the world, so a proxy may stand in front
	ada := outside(t, base, "ada@example.com")
	ada.follow(ada.send(ada.browser, ada.request("GET", "/inspector", nil)))
	ada.login()
	if ada.lastStatus != 403 || !strings.Contains(text(ada.page), "for managers") {
		t.Errorf("an employee sees %d %.200s", ada.lastStatus, text(ada.page))
	}
	grace := outside(t, base, "grace@example.com")
	grace.follow(grace.send(grace.browser, grace.request("GET", "/inspector", nil)))
	grace.login()
	if grace.lastStatus != 200 || !strings.Contains(text(grace.page), "cut after six characters") {
		t.Fatalf("a manager sees %d %.200s", grace.lastStatus, text(grace.page))
	}
	alan := outside(t, base, "alan@example.com").whole()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		grace.send(grace.browser, grace.request("GET", "/inspector?person=usr_alan", nil))
		if strings.Contains(text(grace.page), "timesheets") && strings.Contains(text(grace.page), "access token + refresh token") || time.Now().After(deadline) {
			break
		}
	}
	d := drawn{grace.page}
	for _, label := range []string{"Swap", "Come back", "Ask to sign in"} {
		grace.send(grace.browser, grace.request("GET", d.href(t, label), nil))
		for name, secret := range map[string]string{"verifier": alan.verifier, "code": alan.code, "access token": alan.access, "refresh token": alan.refresh, "state": alan.state} {
			if strings.Contains(grace.lastBody, secret) || strings.Contains(grace.lastBody, secret[:16]) {
				t.Errorf("%s shows the %s", label, name)
			}
		}
	}
	for path, method := range map[string]string{"/inspector/faults": "GET", "/inspector/reset": "POST", "/inspector/events": "GET", "/inspector/har/1": "GET", "/inspector/lifetimes": "POST"} {
		stranger := outside(t, base, "")
		r := stranger.request(method, path, url.Values{})
		r.Header.Set("Accept", "*/*")
		if stranger.send(stranger.browser, r); stranger.lastStatus != 401 {
			t.Errorf("%s %s by a stranger: %d, want 401", method, path, stranger.lastStatus)
		}
	}
	r := grace.request("POST", "/inspector/reset", url.Values{})
	r.Header.Set("Origin", "http://evil.example")
	if grace.send(grace.browser, r); grace.lastStatus != 403 {
		t.Errorf("a form of another site resets: %d", grace.lastStatus)
	}
}

func TestEventsAndArchive(t *testing.T) {
	base := serve(t)
	stream, err := http.Get(base + "/inspector/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if kind := stream.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Errorf("the stream is %s", kind)
	}
	// A page of another site can open the address, and learns nothing from it.
	for header, want := range map[string]string{"Access-Control-Allow-Origin": "", "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"} {
		if got := stream.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	newNative(t, base, "ada@example.com").whole()
	told := map[string]bool{}
	for lines := bufio.NewScanner(stream.Body); lines.Scan() && !told["Ada signs in to Timesheets Mobile"]; {
		var change struct {
			Run   int
			Title string
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &change); err != nil || change.Run != 1 {
				t.Fatalf("event %s: %v", data, err)
			}
			told[change.Title] = true
		}
	}
	run(t, base, "/inspector", 8)
	answer, err := http.Get(base + "/inspector/har/1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var archive struct {
		Log struct {
			Version string
			Entries []struct {
				Request struct {
					Method, URL string
				}
				Response struct{ Status int }
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&archive); err != nil || archive.Log.Version != "1.2" || len(archive.Log.Entries) != 9 {
		t.Fatalf("archive %s with %d entries: %v", archive.Log.Version, len(archive.Log.Entries), err)
	}
	if first := archive.Log.Entries[0]; first.Request.Method != "GET" || !strings.HasPrefix(first.Request.URL, base+"/authorize?") || first.Response.Status != 303 {
		t.Errorf("the first entry is %+v", first)
	}
}
