package auth

import (
	"net/url"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/back"
)

// RFC 8707 2.2: every grant takes resource at the token endpoint. It names the
// API that the grant is for, or the only one there is; anything else is
// invalid_target, and costs the client nothing that is used once.
func TestResourceAtEveryGrant(t *testing.T) {
	const api = issuer + "/api"
	wrong := [][]string{
		{"https://other.example/api"}, {api + "/"}, {issuer}, {api + "#f"}, {"/api"}, {api, "https://other.example/api"},
		{api + "x/timesheets"}, {api + "/../other"}, {api + "/%2e%2e/other"}, {api + "/timesheets/"}, {api + "/timesheets?x"}, {api + "/timesheets#f"}, {issuer + "/other"},
	}
	// RFC 9728 3.3: a client that called one path of the API names that.
	right := [][]string{nil, {""}, {api}, {api, api}, {api + "/timesheets"}, {api, api + "/timesheets/ts_1"}}
	w := newWorld(t)
	for name, present := range map[string]func() func() url.Values{
		"authorization_code": func() func() url.Values {
			code := w.grant("ada@example.com", allScope)
			return func() url.Values {
				return form("grant_type", "authorization_code", "client_id", "timesheets-mobile", "code", code, "redirect_uri", redirect, "code_verifier", verifier)
			}
		},
		"refresh_token": func() func() url.Values {
			token := w.tokens(w.exchange(w.grant("ada@example.com", allScope))).RefreshToken
			return func() url.Values {
				return form("grant_type", "refresh_token", "client_id", "timesheets-mobile", "refresh_token", token)
			}
		},
		"device_code": func() func() url.Values {
			code := w.visit("ada@example.com").approves(w.television(allScope)).DeviceCode
			return func() url.Values {
				return form("grant_type", back.GrantDevice, "client_id", "timesheets-mobile", "device_code", code)
			}
		},
		"client_credentials": func() func() url.Values {
			return func() url.Values {
				return form("grant_type", "client_credentials", "client_id", "timesheets-cron", "client_secret", "timesheets-cron-secret")
			}
		},
	} {
		for _, resource := range right {
			request := present()
			for _, bad := range wrong {
				f := request()
				f["resource"] = bad
				rec := w.post(pathToken, f)
				if w.refused(rec, 400, "invalid_target"); strings.Count(rec.Body.String(), api) > 1 {
					t.Errorf("%s for %q says the same twice: %s", name, bad, rec.Body)
				}
			}
			f := request()
			f["resource"] = resource
			got := w.tokens(w.post(pathToken, f))
			if token, err := w.Verify(t.Context(), got.AccessToken, api); err != nil || token.Audience != api {
				t.Errorf("%s for %q: %v %v", name, resource, token.Audience, err)
			}
		}
	}
}
