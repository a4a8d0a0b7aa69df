package auth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"
)

// registers sends client metadata to a server where that is open.
func (w *world) registers(metadata string, header ...string) *httptest.ResponseRecorder {
	w.openRegistration = true
	r := httptest.NewRequest(http.MethodPost, issuer+pathRegister, strings.NewReader(metadata))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec
}

func (w *world) registered(metadata string) (id string, m map[string]any) {
	w.t.Helper()
	rec := w.registers(metadata)
	if err := json.Unmarshal(rec.Body.Bytes(), &m); rec.Code != http.StatusCreated || err != nil {
		w.t.Fatalf("%s: %d %s", metadata, rec.Code, rec.Body)
	}
	return m["client_id"].(string), m
}

// RFC 7591 5: the name is all that a person can tell such an app by.
func TestNamesAtRegistration(t *testing.T) {
	w := newWorld(t)
	register := func(name string) *httptest.ResponseRecorder {
		w.clock.pass(time.Hour) // so that the limit on registrations is never met
		body, err := json.Marshal(map[string]any{"redirect_uris": []string{"https://a.example/cb"}, "client_name": name})
		if err != nil {
			t.Fatal(err)
		}
		return w.registers(string(body))
	}
	for what, name := range map[string]string{
		"a joiner between Latin letters": "Timesheets\u200d Mobile", "a filler": "\u3164", "spaces": "  ", "zero width": "Note\u200bs", "only that": "\u200b",
		"turned round": "Good\u202etxt", "isolated": "\u2066Good", "a soft hyphen": "No\u00adtes", "a jamo filler": "N\u115fotes", "half-width filler": "A\uffa0",
		"a byte order mark": "\ufeffNotes", "a grapheme joiner": "No\u034ftes", "a selector on a letter": "A\ufe0f", "a tag": "A\U000e0041", "a blank of Braille": "\u2800",
		"a no-break space": "My\u00a0notes", "a mark alone": "\u0301", "a line": "a\u2028b", "private use": "\ue000", "a Mongolian vowel separator": "A\u180eB",
		"a joiner at the end": "می\u200c", "two joiners": "می\u200c\u200cخواهم", "a joiner to another script": "می\u200cabc",
		"the declared one": "Timesheets Mobile", "in capitals": "TIMESHEETS  MOBILE", "in Cyrillic": "Тіmеѕhееtѕ Mоbіlе", "in Greek capitals": "ΤΙΜΕSΗΕΕΤS ΜΟΒΙLΕ",
		"full width": "Ｔｉｍｅｓｈｅｅｔｓ Mobile", "in mathematics": "𝐓𝐢𝐦𝐞𝐬𝐡𝐞𝐞𝐭𝐬 𝐌𝐨𝐛𝐢𝐥𝐞", "with a dash": "Timesheets-Mobile.", "without the space": "TimesheetsMobile",
		"with digits": "T1mesheets M0bi1e", "with rn for m": "Tirnesheets Mobile", "with accents": "Tímeshéets Mobile", "a dotless i": "Tımesheets Mobıle", "another declared one": "Nightly lmport",
	} {
		rec := register(name)
		var body map[string]string
		_ = json.Unmarshal(rec.Body.Bytes(), &body)
		if rec.Code != http.StatusBadRequest || body["error"] != "invalid_client_metadata" || !strings.Contains(body["error_description"], "client_name") {
			t.Errorf("%s, %q: %d %s", what, name, rec.Code, rec.Body)
		}
	}
	for what, name := range map[string]string{
		"Persian": "می\u200cخواهم", "Hindi": "क्\u200dष की डायरी", "Bengali": "র\u200d্যাব", "Sinhala": "ශ්\u200dරී ලංකා", "Arabic": "سجل الساعات", "Hebrew": "שעון נוכחות",
		"Chinese": "工时表", "Japanese": "タイムシート", "Korean": "근무표", "Thai": "บันทึกเวลา", "Russian": "Табель", "Greek": "Ώρες εργασίας",
		"a family": "Team 👨\u200d👩\u200d👧", "a profession": "👩🏽\u200d💻 Notes", "a heart": "❤\ufe0f Notes", "accents apart": "Cafe\u0301 hours", "an apostrophe": "Ada’s “notes” & more", "a longer name": "Timesheets Mobile Companion",
	} {
		if rec := register(name); rec.Code != http.StatusCreated {
			t.Errorf("%s, %q: %d %s", what, name, rec.Code, rec.Body)
		}
	}
}

// A registered app whose registration is gone is told that, and what to do.
func TestRegistrationThatIsGone(t *testing.T) {
	w := newWorld(t)
	id, _ := w.registered(`{"redirect_uris":["cursor://anysphere.cursor-mcp/oauth/callback"],"token_endpoint_auth_method":"none","client_name":"Cursor"}`)
	if c, err := w.store.Client(t.Context(), id); err != nil || c.Kind != "native" {
		t.Fatalf("a known agent's own scheme: %v", err)
	}
	w.clock.pass(25 * time.Hour) // nobody has used it
	page := w.send(pathAuthorize+"?client_id="+id+"&response_type=code", nil)
	if page.Code != http.StatusBadRequest || !strings.Contains(page.Body.String(), "register again") {
		t.Errorf("the page: %d %s", page.Code, page.Body)
	}
	for _, path := range []string{pathToken, pathPush, pathDeviceCode, pathRevoke} {
		rec := w.post(path, url.Values{"client_id": {id}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}})
		w.refused(rec, 401, "invalid_client")
		if !strings.Contains(rec.Body.String(), "Register again at "+issuer+pathRegister) {
			t.Errorf("%s: %s", path, rec.Body)
		}
	}
	if rec := w.send(pathAuthorize+"?client_id=nobody&response_type=code", nil); strings.Contains(rec.Body.String(), "register again") {
		t.Error("an app that never registered is told to do it again")
	}
}

// What a client is treated as follows from what it says, and from where it
// comes back to.
func TestKindOfWhatRegisters(t *testing.T) {
	w := newWorld(t)
	const public = `"token_endpoint_auth_method":"none"`
	for _, row := range []struct{ metadata, kind, application string }{
		{`"redirect_uris":["http://127.0.0.1/cb"],` + public, "native", "native"},
		{`"redirect_uris":["http://localhost:3999/cb","com.example.app:/cb"],` + public, "native", "native"},
		{`"redirect_uris":["https://app.example/cb"],"application_type":"native",` + public, "native", "native"}, // RFC 8252 7.2
		{`"redirect_uris":["https://app.example/cb","http://127.0.0.1/cb"],` + public, "browser", "web"},
		{`"redirect_uris":["https://editor.example/redirect","http://127.0.0.1/","http://127.0.0.1:33418/"],"application_type":"native",` + public, "native", "native"}, // an editor, wherever it runs
		{`"grant_types":["` + grantDevice + `","refresh_token"],` + public, "native", "native"},                                                                         // which comes back nowhere
		{`"redirect_uris":["http://localhost:3000"],"application_type":"web",` + public, "browser", "web"},
		{`"redirect_uris":["http://localhost:3000/cb"]`, "web", "web"},                                                                                // the default method has a secret
		{`"redirect_uris":["http://127.0.0.1/cb"],"application_type":"native","token_endpoint_auth_method":"client_secret_post"`, "native", "native"}, // RFC 8252 8.4
	} {
		id, m := w.registered("{" + row.metadata + "}")
		c, err := w.store.Client(t.Context(), id)
		if err != nil || c.Kind != row.kind || m["application_type"] != row.application || c.IsPublic() != (m["client_secret"] == nil) {
			t.Errorf("%s: %s, told %v, want %s: %v", row.metadata, c.Kind, m["application_type"], row.kind, err)
		}
		// Any port is for native apps alone, RFC 8252 7.3.
		if strings.Contains(row.metadata, "localhost:3000/cb") && admits(c.RedirectURIs, c.Kind == "native", "http://localhost:3001/cb") {
			t.Error("another port for a web app")
		}
	}
	// What people can have, all of it where nothing is named; offline_access only
	// with refresh_token. A machine's scope is left out for whoever names it:
	// clients name what they find listed (RFC 7591 2 lets a server replace it).
	for scope, want := range map[string]string{
		"":                             "openid profile email read:timesheets create:timesheets delete:timesheets approve:timesheets",
		"openid batch:upload":          "openid",
		"batch:upload read:timesheets": "read:timesheets",
	} {
		if _, m := w.registered(`{"redirect_uris":["https://a.example/cb"],"scope":"` + scope + `"}`); m["scope"] != want {
			t.Errorf("%q: scope %v, want %q", scope, m["scope"], want)
		}
	}
	if rec := w.registers(`{"redirect_uris":["https://a.example/cb"],"scope":"batch:upload"}`); rec.Code != 400 || !strings.Contains(rec.Body.String(), "client_credentials") {
		t.Errorf("a machine's scope alone: %d %s", rec.Code, rec.Body)
	}
}

// A registration goes after a day, unless something was issued to its client
// meanwhile; then it lasts as long as any grant of it could.
func TestRegistrationsGoUnlessUsed(t *testing.T) {
	w := newWorld(t)
	const metadata = `{"redirect_uris":["` + redirect + `"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`
	idle, _ := w.registered(metadata)
	used, _ := w.registered(metadata)
	client, err := w.store.Client(t.Context(), used)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.pass(23 * time.Hour)
	if err := w.inUse(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(time.Hour)
	w.refused(w.post(pathToken, form("grant_type", "refresh_token", "refresh_token", "x", "client_id", idle)), 401, "invalid_client")
	w.refused(w.post(pathToken, form("grant_type", "refresh_token", "refresh_token", "x", "client_id", used)), 400, "invalid_grant")
	w.clock.pass(idleFor - 2*time.Hour)
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Client(t.Context(), used); err != nil {
		t.Error(err)
	}
	w.clock.pass(time.Hour)
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Client(t.Context(), used); err == nil {
		t.Error("alive after 90 days of silence")
	}
	all, err := w.store.Clients(t.Context())
	if err != nil || len(all) != len(w.document.Clients) {
		t.Errorf("%d clients are left: %v", len(all), err)
	}
}

// What is issued to a client keeps its registration, a code as well as a token.
func TestIssuingKeepsARegistration(t *testing.T) {
	w := newWorld(t)
	id, _ := w.registered(`{"redirect_uris":["` + redirect + `"],"token_endpoint_auth_method":"none"}`)
	code := w.grantTo(id, "ada@example.com", "read:timesheets")
	after, err := w.store.Client(t.Context(), id)
	if err != nil || after.ExpiresAt.Sub(w.clock.now()) != idleFor {
		t.Fatalf("after the code it lasts for %s: %v", after.ExpiresAt.Sub(w.clock.now()), err)
	}
	w.clock.pass(30 * time.Second)
	w.tokens(w.post(pathToken, form("grant_type", "authorization_code", "client_id", id, "code", code, "redirect_uri", redirect, "code_verifier", verifier)))
	if again, err := w.store.Client(t.Context(), id); err != nil || !again.ExpiresAt.Equal(after.ExpiresAt) {
		t.Error("written twice within the hour")
	}
}

// A page whose app has registered itself reads the answers it needs, on the
// origin it has registered and on no other.
func TestOriginsOfWhatRegisters(t *testing.T) {
	w := newWorld(t)
	allowed := func(method, path, origin string) string {
		r := httptest.NewRequest(method, issuer+path, nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		rec := httptest.NewRecorder()
		w.mux.ServeHTTP(rec, r)
		return rec.Header().Get("Access-Control-Allow-Origin")
	}
	const spa, local = "https://spa.example", "http://localhost:6274"
	w.openRegistration = true
	if allowed("OPTIONS", pathToken, spa) != "" || allowed("OPTIONS", pathToken, local) != "" {
		t.Fatal("allowed before it registers")
	}
	if allowed("GET", pathDiscovery, local) != local || allowed("OPTIONS", pathRegister, local) != local {
		t.Error("a page of this machine can't find out how to register")
	}
	if allowed("GET", pathDiscovery, spa) != "" || allowed("OPTIONS", pathRegister, spa) != "" {
		t.Error("a page from elsewhere can register where that is open for this machine")
	}
	w.registered(`{"redirect_uris":["` + spa + `/cb"],"token_endpoint_auth_method":"none"}`)
	w.registered(`{"redirect_uris":["` + local + `/cb"],"token_endpoint_auth_method":"none"}`)
	w.registered(`{"redirect_uris":["https://server.example/cb"]}`) // calls from its server
	for _, origin := range []string{spa, local} {
		if allowed("OPTIONS", pathToken, origin) != origin || allowed("GET", pathDiscovery, origin) != origin {
			t.Errorf("%s is refused", origin)
		}
	}
	for _, origin := range []string{"https://server.example", "https://spa.example.evil.example", "https://spa.exampl", "http://spa.example", "http://localhost:627", "http://localhost"} {
		if got := allowed("OPTIONS", pathToken, origin); got != "" {
			t.Errorf("%s: %q", origin, got)
		}
	}
}

// RFC 7591 5: whoever registers many waits, and keeps nobody else from it
// before all together are too many.
func TestFlood(t *testing.T) {
	w := newWorld(t)
	const metadata = `{"redirect_uris":["https://a.example/cb"]}`
	for range registrationRate.Burst {
		w.registered(metadata)
	}
	rec := w.registers(metadata)
	if w.refused(rec, 429, "temporarily_unavailable"); rec.Header().Get("Retry-After") != "5" {
		t.Errorf("Retry-After %q", rec.Header().Get("Retry-After"))
	}
	w.refused(w.registers(`{"redirect_uris":["http://a.example/cb"]}`), 400, "invalid_redirect_uri") // mistakes are free
	w.clock.pass(registrationRate.Every)
	w.registered(metadata)

	now, all := w.clock.now(), newLimits().registrations
	for i := range allRegistrationRate.Burst {
		if wait := all.Admit(fmt.Sprint("192.0.2.", i), now, true); wait != 0 {
			t.Fatalf("source %d waits %s", i, wait)
		}
	}
	if wait := all.Admit("198.51.100.1", now, true); wait != allRegistrationRate.Every {
		t.Errorf("all together: wait %s", wait)
	}
}

// Another name, another address: it is no longer what somebody has agreed to.
func TestChangedRegistrationIsAskedAboutAgain(t *testing.T) {
	w := newWorld(t)
	id, m := w.registered(`{"redirect_uris":["https://a.example/cb"],"client_name":"Nice"}`)
	if err := w.people.Remember(t.Context(), "usr_ada", id, []string{"openid"}, w.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPut, m["registration_client_uri"].(string), strings.NewReader(`{"client_id":"`+id+`","redirect_uris":["https://b.example/cb"],"client_name":"Other"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+m["registration_access_token"].(string))
	rec := httptest.NewRecorder()
	if w.mux.ServeHTTP(rec, r); rec.Code != http.StatusOK {
		t.Fatal(rec.Body)
	}
	if scopes, ok, err := w.people.Remembered(t.Context(), "usr_ada", id); ok || err != nil {
		t.Errorf("still agreed to: %q %v", scopes, err)
	}
}

// What cannot be written is no success, and costs nothing.
func TestRegistrationOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	w.disk.full.Store(true)
	w.refused(w.registers(`{"redirect_uris":["https://a.example/cb"]}`), 503, "temporarily_unavailable")
	w.disk.full.Store(false)
	if _, err := w.store.Client(t.Context(), "reg_"); err != fosite.ErrNotFound {
		t.Error(err)
	}
}

// form writes pairs as a form.
func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}
