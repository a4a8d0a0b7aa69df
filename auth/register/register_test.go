package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

const base = "http://localhost:8484"

// room is a registrar on a real file, with a clock that a test moves.
type room struct {
	*Registrar
	t     testing.TB
	clock *clock
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func open(t testing.TB) *room {
	t.Helper()
	file, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "register.db"), sqlite.Options{Migrations: []sqlite.MigrationSet{{Name: "auth_store", FS: store.Migrations}, {Name: "auth_people", FS: people.Migrations}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close(context.Background()) })
	if err := file.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, log := &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, slog.New(slog.DiscardHandler)
	scopes := []string{"openid", "profile", "email", "offline_access", "read:timesheets", "create:timesheets", "delete:timesheets", "approve:timesheets"}
	return &room{t: t, clock: c, Registrar: New(Config{
		Base: base, Path: "/oidc/register", Open: true,
		Apps: []string{"Timesheets Mobile", "Nightly import"}, APIs: []string{"{base}/api"}, Scopes: append(slices.Clone(scopes), "batch:upload"), PeopleScopes: scopes,
		Grants: []string{"authorization_code", "refresh_token", "client_credentials", deviceGrant}, IDTokenAlgs: []string{"ES256", "RS256"},
		Store:  store.New(store.Config{Writer: file, Read: file.Read(), Base: base, Now: c.now, Log: log, Session: func() fosite.Session { return nil }}),
		People: people.New(people.Config{Writer: file, Read: file.Read(), Now: c.now, Log: log}),
		Source: func(r *http.Request) string { return r.RemoteAddr },
		Local:  func(_ *http.Request, origin string) bool { return origin == "http://localhost:6274" },
		Kept:   90 * 24 * time.Hour, Now: c.now, Ledger: ledger.New(log),
	})}
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

func request(method, url, metadata string) *http.Request {
	r := httptest.NewRequest(method, url, strings.NewReader(metadata))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// registers sends client metadata to the room.
func (w *room) registers(metadata string) (id string, m map[string]any, err error) {
	rec := httptest.NewRecorder()
	if err = w.Register(rec, request(http.MethodPost, base+"/oidc/register", metadata)); err == nil {
		err = json.Unmarshal(rec.Body.Bytes(), &m)
		id, _ = m["client_id"].(string)
	}
	return id, m, err
}

func (w *room) registered(metadata string) (id string, m map[string]any) {
	w.t.Helper()
	id, m, err := w.registers(metadata)
	if err != nil {
		w.t.Fatalf("%s: %v", metadata, err)
	}
	return id, m
}

// asError is the OAuth error that a handler returned, nil for none.
func asError(err error) *oauth.Error {
	var e *oauth.Error
	errors.As(err, &e)
	return e
}

// The book can be read by itself, and the limits that it names are those of the code.
func TestRules(t *testing.T) {
	if err := ledger.Proofread(Rules()); err != nil {
		t.Error(err)
	}
	for said, rule := range map[string]ledger.Rule{
		fmt.Sprint(maxRedirectURIs, " addresses"): rules.RedirectsFew,
		fmt.Sprint(maxClientName, " characters"):  rules.NameLength,
		fmt.Sprint(maxListed, " entries"):         rules.ContactsFew,
	} {
		if !strings.Contains(rule.Must, said) {
			t.Errorf("%s says %q, which has to be %s", rule.ID, rule.Must, said)
		}
	}
}

// RFC 7591 5: the name is all that a person can tell such an app by.
func TestNamesAtRegistration(t *testing.T) {
	w := open(t)
	register := func(name string) *oauth.Error {
		w.clock.pass(time.Hour) // so that the limit on registrations is never met
		body, err := json.Marshal(map[string]any{"redirect_uris": []string{"https://a.example/cb"}, "client_name": name})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = w.registers(string(body))
		return asError(err)
	}
	for what, name := range map[string]string{
		"a joiner between Latin letters": "Timesheets\u200d Mobile", "a filler": "\u3164", "spaces": "  ", "zero width": "Note\u200bs", "only that": "\u200b",
		"turned round": "Good\u202etxt", "isolated": "\u2066Good", "a soft hyphen": "No\u00adtes", "a jamo filler": "N\u115fotes", "half-width filler": "A\uffa0",
		"a byte order mark": "\ufeffNotes", "a grapheme joiner": "No\u034ftes", "a selector on a letter": "A\ufe0f", "a tag": "A\U000e0041", "a blank of Braille": "\u2800",
		"a no-break space": "My\u00a0notes", "a mark alone": "\u0301", "a line": "a\u2028b", "private use": "\ue000", "a Mongolian vowel separator": "A\u180eB",
		"a joiner at the end": "می\u200c", "two joiners": "می\u200c\u200cخواهم", "a joiner to another script": "می\u200cabc",
		"the declared one": "Timesheets Mobile", "the server's own": "Punchcard", "the server's, in capitals": "PUNCH CARD", "in capitals": "TIMESHEETS  MOBILE", "in Cyrillic": "Тіmеѕhееtѕ Mоbіlе", "in Greek capitals": "ΤΙΜΕSΗΕΕΤS ΜΟΒΙLΕ",
		"full width": "Ｔｉｍｅｓｈｅｅｔｓ Mobile", "in mathematics": "𝐓𝐢𝐦𝐞𝐬𝐡𝐞𝐞𝐭𝐬 𝐌𝐨𝐛𝐢𝐥𝐞", "with a dash": "Timesheets-Mobile.", "without the space": "TimesheetsMobile",
		"with digits": "T1mesheets M0bi1e", "with rn for m": "Tirnesheets Mobile", "with accents": "Tímeshéets Mobile", "a dotless i": "Tımesheets Mobıle", "another declared one": "Nightly lmport",
	} {
		if e := register(name); e == nil || e.Code != "invalid_client_metadata" || !strings.Contains(e.Description, "client_name") {
			t.Errorf("%s, %q: %v", what, name, e)
		}
	}
	for what, name := range map[string]string{
		"Persian": "می\u200cخواهم", "Hindi": "क्\u200dष की डायरी", "Bengali": "র\u200d্যাব", "Sinhala": "ශ්\u200dරී ලංකා", "Arabic": "سجل الساعات", "Hebrew": "שעון נוכחות",
		"Chinese": "工时表", "Japanese": "タイムシート", "Korean": "근무표", "Thai": "บันทึกเวลา", "Russian": "Табель", "Greek": "Ώρες εργασίας",
		"a family": "Team 👨\u200d👩\u200d👧", "a profession": "👩🏽\u200d💻 Notes", "a heart": "❤\ufe0f Notes", "accents apart": "Cafe\u0301 hours", "an apostrophe": "Ada’s “notes” & more", "a longer name": "Timesheets Mobile Companion",
	} {
		if e := register(name); e != nil {
			t.Errorf("%s, %q: %v", what, name, e)
		}
	}
}

// Each of these breaks one rule, and is told which. RFC 7591 3.2.2: the
// description helps whoever wrote the client.
func TestMetadataThatBreaksARule(t *testing.T) {
	w := open(t)
	if err := w.Store.AddInitialToken(t.Context(), "initial", 1, w.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	const app, device = `"redirect_uris":["https://a.example/cb"]`, `"grant_types":["` + deviceGrant + `"],"token_endpoint_auth_method":"none"`
	many := func(value string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`"`+value+`",`, n), ",") + "]"
	}
	for metadata, says := range map[string]string{
		`"redirect_uris":` + many("https://a.example/cb", 21):                  "20 each",
		app + `,"post_logout_redirect_uris":` + many("https://a.example/", 21): "20 each",
		app + `,` + device: "leave out redirect_uris",
		app + `,"contacts":` + many("a@a.example", 11):                                                    "contacts may hold 10",
		app + `,"contacts":["a\u202e@a.example"]`:                                                         "invisible characters",
		app + `,"software_id":"` + strings.Repeat("x", 201) + `"`:                                         "must be short",
		`"grant_types":["client_credentials"],"token_endpoint_auth_method":"none","scope":"batch:upload"`: "for clients that authenticate",
		`"grant_types":["client_credentials"],"scope":"openid"`:                                           "about a person",
		`"grant_types":["client_credentials"]`:                                                            "scope is missing",
	} {
		r := request(http.MethodPost, base+"/oidc/register", "{"+metadata+"}")
		r.Header.Set("Authorization", "Bearer initial") // a machine needs it
		e := asError(w.Register(httptest.NewRecorder(), r))
		if e == nil || !strings.Contains(e.Description, says) {
			t.Errorf("%.120s: %v, want %q", metadata, e, says)
		}
	}
}

// What a client is treated as follows from what it says, and from where it
// comes back to.
func TestKindOfWhatRegisters(t *testing.T) {
	w := open(t)
	const public = `"token_endpoint_auth_method":"none"`
	for _, row := range []struct{ metadata, kind, application string }{
		{`"redirect_uris":["http://127.0.0.1/cb"],` + public, "native", "native"},
		{`"redirect_uris":["http://localhost:3999/cb","com.example.app:/cb"],` + public, "native", "native"},
		{`"redirect_uris":["https://app.example/cb"],"application_type":"native",` + public, "native", "native"}, // RFC 8252 7.2
		{`"redirect_uris":["https://app.example/cb","http://127.0.0.1/cb"],` + public, "browser", "web"},
		{`"redirect_uris":["https://editor.example/redirect","http://127.0.0.1/","http://127.0.0.1:33418/"],"application_type":"native",` + public, "native", "native"}, // an editor, wherever it runs
		{`"grant_types":["` + deviceGrant + `","refresh_token"],` + public, "native", "native"},                                                                         // which comes back nowhere
		{`"redirect_uris":["http://localhost:3000"],"application_type":"web",` + public, "browser", "web"},
		{`"redirect_uris":["http://localhost:3000/cb"]`, "web", "web"},                                                                                // the default method has a secret
		{`"redirect_uris":["http://127.0.0.1/cb"],"application_type":"native","token_endpoint_auth_method":"client_secret_post"`, "native", "native"}, // RFC 8252 8.4
	} {
		id, m := w.registered("{" + row.metadata + "}")
		c, err := w.Store.Client(t.Context(), id)
		if err != nil || c.Kind != row.kind || m["application_type"] != row.application || c.IsPublic() != (m["client_secret"] == nil) {
			t.Errorf("%s: %s, told %v, want %s: %v", row.metadata, c.Kind, m["application_type"], row.kind, err)
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
	if _, _, err := w.registers(`{"redirect_uris":["https://a.example/cb"],"scope":"batch:upload"}`); err == nil || !strings.Contains(err.Error(), "client_credentials") {
		t.Errorf("a machine's scope alone: %v", err)
	}
}

// A registration goes after a day, unless something was issued to its client
// meanwhile; then it lasts as long as any grant of it could.
func TestRegistrationsGoUnlessUsed(t *testing.T) {
	w := open(t)
	const metadata = `{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`
	idle, _ := w.registered(metadata)
	used, _ := w.registered(metadata)
	client, err := w.Store.Client(t.Context(), used)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.pass(23 * time.Hour)
	if err := w.InUse(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(time.Hour)
	if _, err := w.Store.Client(t.Context(), idle); !errors.Is(err, fosite.ErrNotFound) {
		t.Errorf("the idle one after a day: %v", err)
	}
	if _, err := w.Store.Client(t.Context(), used); err != nil {
		t.Errorf("the used one after a day: %v", err)
	}
	w.clock.pass(w.Kept - 2*time.Hour)
	if _, err := w.Store.PurgeRegistrations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Store.Client(t.Context(), used); err != nil {
		t.Error(err)
	}
	w.clock.pass(time.Hour)
	if _, err := w.Store.PurgeRegistrations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Store.Client(t.Context(), used); err == nil {
		t.Error("alive after 90 days of silence")
	}
	all, err := w.Store.Clients(t.Context())
	if err != nil || len(all) != 0 {
		t.Errorf("%d clients are left: %v", len(all), err)
	}
}

// RFC 7591 5: whoever registers many waits, and keeps nobody else from it
// before all together are too many.
func TestFlood(t *testing.T) {
	w := open(t)
	const metadata = `{"redirect_uris":["https://a.example/cb"]}`
	for range registrationRate.Burst {
		w.registered(metadata)
	}
	_, _, err := w.registers(metadata)
	if e := asError(err); e == nil || e.Status != http.StatusTooManyRequests || e.Code != "temporarily_unavailable" || e.RetryAfter != 5*time.Second {
		t.Errorf("one too many: %+v", e)
	}
	_, _, err = w.registers(`{"redirect_uris":["http://a.example/cb"]}`) // mistakes are free
	if e := asError(err); e == nil || e.Code != "invalid_redirect_uri" {
		t.Errorf("a mistake: %v", err)
	}
	w.clock.pass(registrationRate.Every)
	w.registered(metadata)

	now, all := w.clock.now(), newFloods()
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
	w := open(t)
	id, m := w.registered(`{"redirect_uris":["https://a.example/cb"],"client_name":"Nice"}`)
	if _, err := w.People.Apply(t.Context(), nil, []people.Declared{{ID: "usr_ada", Email: "ada@example.com", Name: "Ada", Password: "a password of her own"}}, true); err != nil {
		t.Fatal(err)
	}
	if err := w.People.Remember(t.Context(), "usr_ada", id, []string{"openid"}, w.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r := request(http.MethodPut, m["registration_client_uri"].(string), `{"client_id":"`+id+`","redirect_uris":["https://b.example/cb"],"client_name":"Other"}`)
	r.SetPathValue("id", id)
	r.Header.Set("Authorization", "Bearer "+m["registration_access_token"].(string))
	if err := w.Update(httptest.NewRecorder(), r); err != nil {
		t.Fatal(err)
	}
	if scopes, ok, err := w.People.Remembered(t.Context(), "usr_ada", id); ok || err != nil {
		t.Errorf("still agreed to: %q %v", scopes, err)
	}
}
