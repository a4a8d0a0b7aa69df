package seed

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tables of the public contract, written out here a second time on
// purpose: people write against these names, so changing one must hurt.

var (
	fourScopes = []string{"read:timesheets", "create:timesheets", "delete:timesheets", "approve:timesheets"}
	personal   = append([]string{"openid", "profile", "email", "offline_access"}, fourScopes...)
	code       = []string{"authorization_code", "refresh_token"}
	andDevice  = append(code[:2:2], "urn:ietf:params:oauth:grant-type:device_code")
	bySecret   = []string{"client_secret_basic", "client_secret_post"}
)

func builtinDocument(t *testing.T) *Document {
	t.Helper()
	doc, err := Parse(Builtin())
	if err != nil {
		t.Fatalf("the built-in document is refused:\n%v", err)
	}
	return doc
}

func TestBuiltinPeopleAndRoles(t *testing.T) {
	doc := builtinDocument(t)
	wantRoles := []Role{
		{ID: "employee", Name: "employee", Permissions: fourScopes[:3]},
		{ID: "manager", Name: "manager", Permissions: fourScopes},
	}
	if diff := cmp.Diff(wantRoles, doc.Roles); diff != "" {
		t.Errorf("roles (-contract +document):\n%s", diff)
	}
	wantPeople := []Person{
		{ID: "usr_ada", Email: "ada@example.com", Name: "Ada Lovelace", Password: "timesheets", Roles: []string{"employee"}, ReportsTo: "usr_grace", ShowOnLogin: true},
		{ID: "usr_alan", Email: "alan@example.com", Name: "Alan Turing", Password: "timesheets", Roles: []string{"employee"}, ReportsTo: "usr_grace", ShowOnLogin: true},
		{ID: "usr_grace", Email: "grace@example.com", Name: "Grace Hopper", Password: "timesheets", Roles: []string{"manager"}, ShowOnLogin: true},
	}
	if diff := cmp.Diff(wantPeople, doc.People); diff != "" {
		t.Errorf("people (-contract +document):\n%s", diff)
	}
}

func TestBuiltinAPI(t *testing.T) {
	doc := builtinDocument(t)
	if len(doc.APIs) != 1 || doc.APIs[0].Identifier != "{base}/api" || doc.APIs[0].SigningAlg != "ES256" {
		t.Fatalf("APIs are %+v; want one, {base}/api, signing with ES256", doc.APIs)
	}
	ticked := map[string]bool{}
	for _, s := range doc.APIs[0].Scopes {
		ticked[s.Name] = s.Default
		if s.Title == "" || s.Description == "" {
			t.Errorf("scope %s has no words for the consent page", s.Name)
		}
	}
	want := map[string]bool{"read:timesheets": true, "create:timesheets": true, "delete:timesheets": false, "approve:timesheets": true, "batch:upload": false}
	if diff := cmp.Diff(want, ticked); diff != "" {
		t.Errorf("scopes and whether they are ticked (-contract +document):\n%s", diff)
	}
	if i := slices.IndexFunc(doc.APIs[0].Scopes, func(s Scope) bool { return s.Name == "delete:timesheets" }); doc.APIs[0].Scopes[i].Warning == "" {
		t.Error("delete:timesheets has no warning")
	}
}

func TestBuiltinClients(t *testing.T) {
	var spa, spaOrigins []string
	for _, origin := range []string{"http://localhost:3000", "http://localhost:4200", "http://localhost:5173"} {
		spa = append(spa, origin, origin+"/", origin+"/callback")
		spaOrigins = append(spaOrigins, origin, origin+"/")
	}
	var mobile, mobileOrigins []string
	for _, origin := range []string{"http://127.0.0.1", "http://[::1]", "http://localhost"} {
		mobile = append(mobile, origin, origin+"/", origin+"/callback", origin+"/oauth/callback")
		mobileOrigins = append(mobileOrigins, origin, origin+"/")
	}
	web := []string{
		"http://localhost:3000/callback", "http://localhost:8080/callback", "http://localhost:3000/api/auth/callback/punchcard",
		"http://localhost:4180/oauth2/callback", "http://localhost:8080/login/oauth2/code/punchcard",
		"http://localhost:8000/complete/oidc/", "http://localhost:8000/oidc/callback/", "http://localhost:5000/signin-oidc",
	}
	var webOrigins []string
	for _, port := range []string{"3000", "8080", "4180", "8000", "5000"} {
		webOrigins = append(webOrigins, "http://localhost:"+port, "http://localhost:"+port+"/")
	}
	want := []Client{
		{
			ID: "timesheets-mobile", Name: "Timesheets Mobile", Kind: "native",
			RedirectURIs: append(mobile, "com.exampleco.timesheets:/callback"), PostLogoutRedirectURIs: mobileOrigins,
			Grants: andDevice, Scopes: personal, IDTokenAlg: "RS256", RequirePKCE: true, AuthMethods: []string{"none"},
		},
		{
			ID: "timesheets-app", Name: "Timesheets", Kind: "browser",
			RedirectURIs:           []string{"{base}/app/callback"},
			PostLogoutRedirectURIs: []string{"{base}", "{base}/"},
			Grants:                 andDevice, Scopes: personal, IDTokenAlg: "RS256", RequirePKCE: true, AuthMethods: []string{"none"},
		},
		{
			ID: "timesheets-spa", Name: "Your single-page app", Kind: "browser",
			RedirectURIs: spa, PostLogoutRedirectURIs: spaOrigins,
			Grants: andDevice, Scopes: personal, IDTokenAlg: "RS256", RequirePKCE: true, AuthMethods: []string{"none"},
		},
		{
			ID: "timesheets-web", Name: "Timesheets Web", Kind: "web", Secret: "timesheets-web-secret",
			RedirectURIs: web, PostLogoutRedirectURIs: webOrigins,
			Grants: append(code[:2:2], "client_credentials"), Scopes: personal, IDTokenAlg: "RS256", RequirePKCE: true, AuthMethods: bySecret,
		},
		{
			ID: "timesheets-legacy", Name: "An older web app", Kind: "web", Secret: "timesheets-legacy-secret",
			RedirectURIs: web, PostLogoutRedirectURIs: webOrigins,
			Grants: code, Scopes: personal, IDTokenAlg: "RS256", RequirePKCE: false, AuthMethods: bySecret,
		},
		{
			ID: "timesheets-cron", Name: "Nightly import", Kind: "machine", Secret: "timesheets-cron-secret",
			Grants: []string{"client_credentials"}, Scopes: []string{"batch:upload"}, IDTokenAlg: "RS256", RequirePKCE: true, AuthMethods: bySecret,
		},
		{
			ID: "timesheets-gateway", Name: "Gateway", Kind: "resource_server", Secret: "timesheets-gateway-secret",
			Introspect: true, IDTokenAlg: "RS256", RequirePKCE: true, AuthMethods: bySecret,
		},
	}
	got := builtinDocument(t).Clients
	for i := range got {
		if got[i].Description == "" {
			t.Errorf("%s has no description for the consent page", got[i].ID)
		}
		got[i].Description = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clients (-contract +document):\n%s", diff)
	}
}

func TestBuiltinIsACopy(t *testing.T) {
	Builtin()[0] = 'X'
	if Builtin()[0] == 'X' {
		t.Error("a caller can change the embedded document")
	}
}

// The seed, with a name changed, is good on this machine. A short secret is
// taken only where it is the one that the seed gives that client, because then
// everybody knows it, and the server is not served to others with it.
func TestShortSecretsOfTheSeed(t *testing.T) {
	doc, err := Parse(bytes.Replace(Builtin(), []byte("Ada Lovelace"), []byte("Ada King"), 1))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(builtinDocument(t).DemoCredentials(), doc.DemoCredentials()); diff != "" {
		t.Errorf("public credentials of the copy (-want +got):\n%s", diff)
	}
	for id, change := range map[string][2]string{
		"timesheets-web":  {"secret: timesheets-web-secret", "secret: timesheets-cron-secret"}, // another client's
		"timesheets-cron": {"secret: timesheets-cron-secret", "secret: timesheets-cron-Secret"},
		"gateway":         {"id: timesheets-gateway", "id: gateway"},
	} {
		if _, err := Parse(bytes.Replace(Builtin(), []byte(change[0]), []byte(change[1]), 1)); err == nil || !strings.Contains(err.Error(), `client "`+id+`": secret has `) {
			t.Errorf("%s: the secret is not refused:\n%v", id, err)
		}
	}
}

func TestDemoCredentials(t *testing.T) {
	want := []string{"usr_ada", "usr_alan", "usr_grace", "timesheets-web", "timesheets-legacy", "timesheets-cron", "timesheets-gateway"}
	if diff := cmp.Diff(want, builtinDocument(t).DemoCredentials()); diff != "" {
		t.Errorf("of the built-in document (-want +got):\n%s", diff)
	}
	doc := parsed(t, `
apis: [{identifier: "{base}/api", name: A, scopes: [{name: read, title: Read}]}]
people:
  - {id: safe, email: safe@example.com, name: Safe, password: nobody knows this}
  - {id: lazy, email: lazy@example.com, name: Lazy, password: timesheets}
clients:
  - {id: spa, name: Spa, kind: browser, redirect_uris: ["https://spa.example.com/cb"], grants: [authorization_code], scopes: [openid]}
`)
	if diff := cmp.Diff([]string{"lazy"}, doc.DemoCredentials()); diff != "" {
		t.Errorf("of a document that borrows a public password (-want +got):\n%s", diff)
	}
}

func parsed(t *testing.T, text string) *Document {
	t.Helper()
	doc, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	return doc
}
