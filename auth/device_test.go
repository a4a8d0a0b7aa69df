package auth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
)

// television asks as a device does.
func (w *world) television(scope string, resource ...string) deviceAuthorization {
	w.t.Helper()
	rec := w.post(pathDeviceCode, url.Values{"client_id": {"timesheets-mobile"}, "scope": {scope}, "resource": resource})
	var d deviceAuthorization
	if err := json.Unmarshal(rec.Body.Bytes(), &d); rec.Code != http.StatusOK || err != nil {
		w.t.Fatalf("no device code: %d %s", rec.Code, rec.Body)
	}
	return d
}

func (w *world) poll(d deviceAuthorization) *httptest.ResponseRecorder {
	return w.post(pathToken, url.Values{"grant_type": {back.GrantDevice}, "client_id": {"timesheets-mobile"}, "device_code": {d.DeviceCode}})
}

// visit is a browser in which somebody is signed in.
type visit struct {
	*world
	who     *signedIn
	cookies []*http.Cookie
}

func (w *world) visit(email string) visit {
	w.t.Helper()
	person, err := w.people.Authenticate(w.t.Context(), email, "timesheets", "192.0.2.1")
	if err != nil {
		w.t.Fatal(err)
	}
	secret, session, err := w.people.StartSession(w.t.Context(), person, "test", "")
	if err != nil {
		w.t.Fatal(err)
	}
	browser := oauth.RandomToken("")
	return visit{w, &signedIn{person, session}, []*http.Cookie{
		{Name: w.browserCookieName(browser), Value: browser}, {Name: w.cookieName(sessionCookie), Value: secret},
	}}
}

func (v visit) get(target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, issuer+target, nil)
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	v.mux.ServeHTTP(rec, r)
	return rec
}

// settled types a device's code, says that it shows the same, allows all that
// it asks for, and returns the address at which that becomes true.
func (v visit) settled(d deviceAuthorization) (dispatcher string) {
	v.t.Helper()
	step := func(rec *httptest.ResponseRecorder) {
		v.t.Helper()
		if dispatcher = rec.Header().Get("Location"); rec.Code != http.StatusSeeOther {
			v.t.Fatalf("%d %s", rec.Code, rec.Body)
		}
	}
	step(v.post(pathDevice, url.Values{"user_code": {d.UserCode}}, v.cookies...))
	u, err := url.Parse(dispatcher)
	if err != nil {
		v.t.Fatal(err)
	}
	handle := u.Query().Get("flow")
	f := &flow{ID: ledger.Hash(handle)}
	step(v.post(pathDevice, url.Values{"flow": {handle}, "session": {compareSession(f, v.who)}, "decision": {"same"}}, v.cookies...))
	scopes := append([]string{"offline_access"}, v.who.Permissions...)
	step(v.post(pathConsent, url.Values{"flow": {handle}, "session": {consentSession(f, v.who)}, "decision": {"allow"}, "scope": scopes}, v.cookies...))
	return dispatcher
}

// approves ends it.
func (v visit) approves(d deviceAuthorization) deviceAuthorization {
	v.t.Helper()
	if rec := v.get(v.settled(d)); rec.Code != http.StatusSeeOther {
		v.t.Fatalf("not approved: %d %s", rec.Code, rec.Body)
	}
	return d
}

func TestDeviceGrantInShort(t *testing.T) {
	w := newWorld(t)
	d := w.visit("ada@example.com").approves(w.television(allScope))
	got := w.tokens(w.poll(d))
	if !w.alive(got.AccessToken) || got.RefreshToken == "" || got.IDToken == "" {
		t.Errorf("%+v", got)
	}
}
