package back

import (
	"net/url"
	"strings"
	"testing"
)

// RFC 6749 4.1.3 and 6, RFC 7636 4.5, RFC 8628 3.4, RFC 8707 2.2: each parameter
// has its field, and what no grant needs, the client's credentials above all,
// goes no further than the endpoint.
func TestTokenRequestIsReadOnce(t *testing.T) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {"c"}, "redirect_uri": {"https://a.example/cb"}, "code_verifier": {"v"},
		"refresh_token": {"r"}, "device_code": {"d"}, "scope": {"openid"}, "audience": {"https://a.example/api"}, "resource": {"https://b.example/api"},
		"client_id": {"app"}, "client_secret": {"not to be passed on"}, "client_assertion": {"not to be passed on"}, "other": {"not to be passed on"},
	}
	q := readTokenRequest(form)
	if got := strings.Join([]string{q.Grant, q.Code, q.RedirectURI, q.Verifier, q.RefreshToken, q.DeviceCode, q.Scope}, " "); got != "authorization_code c https://a.example/cb v r d openid" {
		t.Errorf("read %s", got)
	}
	if got := strings.Join(q.named(), " "); got != "https://a.example/api https://b.example/api" {
		t.Errorf("names %s", got)
	}
	if passed := q.forFosite(t.Context()).PostForm.Encode(); strings.Contains(passed, "not") {
		t.Errorf("fosite gets %s", passed)
	}
	for grant, missing := range map[string]string{"authorization_code": "code", "refresh_token": "refresh_token", GrantDevice: "device_code", "client_credentials": ""} {
		if got := readTokenRequest(url.Values{"grant_type": {grant}}).missing(); got != missing {
			t.Errorf("%s: missing %q, not %q", grant, missing, got)
		}
		form.Set("grant_type", grant)
		if got := readTokenRequest(form).missing(); got != "" {
			t.Errorf("%s: %q was sent", grant, got)
		}
	}
}
