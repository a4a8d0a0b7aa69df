package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/seed"
)

// second is another API of the same server.
const second = issuer + "/second"

// twoAPIs is a document with a second API, of which every client that a person
// signs in to may have both scopes, and the nightly import one.
func twoAPIs(t testing.TB) *seed.Document {
	d := document(t, seed.Builtin())
	d.APIs = append(d.APIs, seed.API{Identifier: "{base}/second", Name: "Second", SigningAlg: "ES256", Scopes: []seed.Scope{
		{Name: "read:second", Title: "See the second"}, {Name: "write:second", Title: "Change the second"}, {Name: "sweep:second", Title: "Sweep the second"}}})
	for i := range d.Roles {
		d.Roles[i].Permissions = append(d.Roles[i].Permissions, "read:second", "write:second")
	}
	for i := range d.Clients {
		switch c := &d.Clients[i]; c.ID {
		case "timesheets-cron":
			c.Scopes = append(c.Scopes, "sweep:second")
		case "timesheets-mobile":
			c.Scopes = append(c.Scopes, "read:second", "write:second")
		}
	}
	return d
}

// aimed are the requests that every grant which asks for something has to
// answer alike: RFC 9068 2.2.3 and 3, RFC 8707 2, RFC 6749 3.3.
var aimed = []struct {
	name, scope, resource string
	api, granted          string // what comes of it
	refused, says         string // or the error, and what its sentence names
}{
	{"scopes of the first", "openid read:timesheets", "", issuer + "/api", "openid read:timesheets", "", ""},
	{"scopes of the second", "openid read:second", "", second, "openid read:second", "", ""},
	{"identity alone", "openid email", "", issuer + "/api", "openid email", "", ""},
	{"both", "openid read:timesheets read:second", "", "", "", "invalid_scope", "resource=" + second},
	{"both, and the API named", "openid read:timesheets read:second", second, second, "openid read:second", "", ""},
	{"another than the named", "openid read:timesheets", second, "", "", "invalid_scope", "resource=" + issuer + "/api"},
	{"identity at the second", "openid", second, second, "openid", "", ""},
	{"one that this client cannot have", "openid batch:upload read:timesheets", "", issuer + "/api", "openid read:timesheets", "", ""},
	{"which says nothing of the API", "openid batch:upload read:second", "", second, "openid read:second", "", ""},
	{"nothing else", "batch:upload", "", "", "", "invalid_scope", "batch:upload"},
	{"nothing but staying signed in", "offline_access batch:upload", "", "", "", "invalid_scope", "batch:upload"},
	{"one that nobody knows", "openid read:timesheets nonsense", "", "", "", "invalid_scope", "nonsense"},
}

// RFC 9068 2.2.3: a token is for one API and carries no scope of another, at
// every grant that people give, and after each refresh.
func TestATokenIsForOneAPI(t *testing.T) {
	w := newWorld(t)
	w.open(twoAPIs(t), false)
	for _, row := range aimed {
		t.Run(row.name, func(t *testing.T) {
			request := form("client_id", "timesheets-mobile", "redirect_uri", redirect, "response_type", "code", "scope", row.scope, "code_challenge", challengeOf(verifier), "code_challenge_method", "S256")
			device := form("client_id", "timesheets-mobile", "scope", row.scope)
			if row.resource != "" {
				request.Set("resource", row.resource)
				device.Set("resource", row.resource)
			}
			pushed, asked := w.post(pathPush, request), w.post(pathDeviceCode, device)
			if row.refused != "" {
				for _, rec := range []*httptest.ResponseRecorder{pushed, asked} {
					w.refused(rec, 400, row.refused)
					if !strings.Contains(rec.Body.String(), row.says) {
						t.Errorf("it does not name %s: %s", row.says, rec.Body)
					}
				}
				return
			}
			if pushed.Code != http.StatusCreated || asked.Code != http.StatusOK {
				t.Fatalf("pushed %d, device %d", pushed.Code, asked.Code)
			}
			w.carries(t, "code", w.tokens(w.exchange(w.grantFor("ada@example.com", request))), row.api, row.granted)
			code := w.visit("ada@example.com").approves(w.television(row.scope, device["resource"]...)).DeviceCode
			w.carries(t, "device", w.tokens(w.post(pathToken, form("grant_type", back.GrantDevice, "client_id", "timesheets-mobile", "device_code", code))), row.api, row.granted)
		})
	}
}

// carries holds a token, the response beside it and its introspection against
// what they must say.
func (w *world) carries(t *testing.T, grant string, got tokenResponse, api, scope string) {
	t.Helper()
	token, err := w.Verify(t.Context(), got.AccessToken, "")
	if err != nil || token.Audience != api || strings.Join(token.Scopes, " ") != scope || got.Scope != scope {
		t.Errorf("%s: for %q with %q, the response says %q (%v); want %q with %q", grant, token.Audience, token.Scopes, got.Scope, err, api, scope)
	}
	rec := w.post(pathIntrospect, form("client_id", "timesheets-gateway", "client_secret", "timesheets-gateway-secret", "token", got.AccessToken))
	for _, want := range []string{`"aud":"` + api + `"`, `"scope":"` + scope + `"`} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: introspection lacks %s: %s", grant, want, rec.Body)
		}
	}
}

// A refresh may repeat the scope of the first request, also what was left out
// of the grant then (RFC 6749 6); it never gets that.
func TestARefreshRepeatsWhatWasLeftOut(t *testing.T) {
	w := newWorld(t)
	w.open(twoAPIs(t), false)
	const asked = "openid offline_access read:timesheets batch:upload read:second"
	request := form("client_id", "timesheets-mobile", "redirect_uri", redirect, "response_type", "code", "scope", asked, "resource", issuer+"/api", "code_challenge", challengeOf(verifier), "code_challenge_method", "S256")
	device := w.visit("ada@example.com").approves(w.television(asked, issuer+"/api")).DeviceCode
	for grant, first := range map[string]tokenResponse{
		"code":   w.tokens(w.exchange(w.grantFor("ada@example.com", request))),
		"device": w.tokens(w.post(pathToken, form("grant_type", back.GrantDevice, "client_id", "timesheets-mobile", "device_code", device))),
	} {
		again := func(token, scope string) *httptest.ResponseRecorder {
			return w.post(pathToken, form("grant_type", "refresh_token", "client_id", "timesheets-mobile", "refresh_token", token, "scope", scope, "resource", issuer+"/api"))
		}
		w.refused(again(first.RefreshToken, "openid write:second"), 400, "invalid_scope") // was not asked for
		next := w.tokens(again(first.RefreshToken, asked))
		w.carries(t, grant, next, issuer+"/api", "openid offline_access read:timesheets")
		w.refused(w.post(pathToken, form("grant_type", "refresh_token", "client_id", "timesheets-mobile", "refresh_token", next.RefreshToken, "resource", second)), 400, "invalid_target")
	}
}

// A machine without scope gets all that it may have at one API: the named one,
// the default, or the only one that it has anything at.
func TestAMachineIsForOneAPI(t *testing.T) {
	w := newWorld(t)
	d := twoAPIs(t)
	w.open(d, false)
	ask := func(scope, resource string) *httptest.ResponseRecorder {
		f := form("grant_type", "client_credentials", "client_id", "timesheets-cron", "client_secret", "timesheets-cron-secret", "scope", scope, "resource", resource)
		return w.post(pathToken, f)
	}
	for _, row := range []struct{ scope, resource, api, granted string }{
		{"", "", issuer + "/api", "batch:upload"},
		{"", issuer + "/api", issuer + "/api", "batch:upload"},
		{"", second, second, "sweep:second"},
		{"sweep:second", "", second, "sweep:second"},
		{"sweep:second batch:upload", second, second, "sweep:second"},
		{"sweep:second read:second", "", second, "sweep:second"},
	} {
		w.carries(t, row.scope+" at "+row.resource, w.tokens(ask(row.scope, row.resource)), row.api, row.granted)
	}
	w.refused(ask("sweep:second batch:upload", ""), 400, "invalid_scope")
	w.refused(ask("batch:upload", second), 400, "invalid_scope")
	w.refused(ask("read:second", ""), 400, "invalid_scope")
	w.refused(ask("", "https://other.example"), 400, "invalid_target")
	for i := range d.Clients {
		if c := &d.Clients[i]; c.ID == "timesheets-cron" {
			c.Scopes = []string{"sweep:second"}
		}
	}
	w.open(d, false)
	w.carries(t, "a machine of the second alone", w.tokens(ask("", "")), second, "sweep:second")
	w.refused(ask("", issuer+"/api"), 400, "invalid_scope")
}
