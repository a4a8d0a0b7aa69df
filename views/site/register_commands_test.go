package site

import (
	"strings"
	"testing"
)

func TestPastedRegistrationIsTakenBack(t *testing.T) {
	c := demo()
	if strings.Contains(get(c, "/").Body.String(), "/oidc/register") {
		t.Error("offered where it is not open")
	}
	c.OpenRegistration = true
	pre := blocks(t, get(c, "/").Body.String())
	args, _ := shell(t, `{"client_id":"reg_1","registration_access_token":"pcm_9-_z","registration_client_uri":"http://localhost:8484/oidc/register/reg_1","client_name":"My app"}`, strings.Join(pre, "\n"))
	got := strings.Join(args, " ")
	for _, want := range []string{
		"-si http://localhost:8484/api/timesheets -s http://localhost:8484/.well-known/oauth-protected-resource/api",
		`-H Content-Type: application/json http://localhost:8484/oidc/register -d {"client_name":"My app","redirect_uris":["http://localhost:8080/callback"],"token_endpoint_auth_method":"none"}`,
		"-s -H Authorization: Bearer pcm_9-_z http://localhost:8484/oidc/register/reg_1",
		"-si -X DELETE -H Authorization: Bearer pcm_9-_z http://localhost:8484/oidc/register/reg_1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}
