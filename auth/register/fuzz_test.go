package register

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

// Whatever is sent, what passes is a client that could have been declared, and
// one that says the same of itself again is the same client.
func FuzzRegistration(f *testing.F) {
	for _, body := range []string{
		`{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none","grant_types":["refresh_token","authorization_code"],"scope":"openid  openid offline_access"}`,
		`{"redirect_uris":["com.example.app:/cb","https://a.example/"],"application_type":"native","client_name":"A\u200db","contacts":["a"]}`,
		`{"grant_types":["client_credentials"],"scope":"batch:upload","redirect_uris":null}`, `{"redirect_uris":["{base}"]}`, `{"redirect_uris":["https://a.example"],"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"ES256","jwks":{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}}`, `{"a":1,"a":2}`, `[]`, "{\"client_name\":\"\xff\"}",
		`{"redirect_uris":["https://a.example/cb"],"jwks_uri":null,"request_uris":false,"post_logout_redirect_uris":["http://localhost"]}`,
	} {
		f.Add(body, true)
		f.Add(body, false)
	}
	w := open(f)
	read := func(body string, vouched bool) (*registrant, *oauth.Error) {
		r := httptest.NewRequest(http.MethodPost, base+"/oidc/register", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		c, err := w.registrant(httptest.NewRecorder(), r, vouched)
		if err != nil {
			return nil, err
		}
		return c, c.complete()
	}
	f.Fuzz(func(t *testing.T, body string, vouched bool) {
		c, err := read(body, vouched)
		if err != nil {
			if err.Status < 400 || err.Status > 499 || !slices.Contains([]string{"invalid_redirect_uri", "invalid_client_metadata"}, err.Code) || oauth.Printable(err.Description) != err.Description {
				t.Fatalf("%q: %d %s %q", body, err.Status, err.Code, err.Description)
			}
			return
		}
		client := w.runtimeClient("reg_1", c.meta)
		machine := slices.Contains(client.Grants, "client_credentials")
		switch {
		case !oauth.Subset(client.Grants, w.Grants), !oauth.Subset(client.Scopes, w.Scopes), slices.Contains(client.Scopes, "batch:upload") && !machine, len(client.Scopes) == 0,
			!oauth.Subset(client.AuthMethods, authMethods), machine && (!vouched || client.AuthMethods[0] == "none"),
			slices.Contains(client.Grants, "authorization_code") != (len(client.RedirectURIs) > 0),
			strings.ContainsFunc(client.Name, unicode.IsControl), client.Name == "", !client.RequirePKCE:
			t.Fatalf("passed: %q as %+v", body, client)
		}
		for _, uri := range client.RedirectURIs {
			if seed.RedirectProblem(uri, client.Kind) != "" || strings.Contains(uri, "{") || edge.Origin(uri) == edge.Origin(w.Base) || strings.HasPrefix(uri, "http:") && !seed.OnThisMachine(uri) {
				t.Fatalf("passed: redirect %q of a %s client", uri, client.Kind)
			}
		}
		told, merr := json.Marshal(c.meta)
		again, err := read(string(told), vouched)
		if merr != nil || err != nil || !reflect.DeepEqual(w.runtimeClient("reg_1", again.meta), client) {
			t.Fatalf("%s is not the same client again: %v %v", told, merr, err)
		}
	})
}
