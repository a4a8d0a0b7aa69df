package register_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// An app that nobody has declared: it finds the API by its 401, the
// authorization server by the API's metadata (RFC 9728), registers itself (RFC
// 7591), and is let in by a person who has been told that nobody has checked
// it. What it is, it changes and takes back by itself (RFC 7592).
func TestAppThatRegistersItself(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	challenge := b.API("GET", "/timesheets", "", "").Header.Get("WWW-Authenticate")
	_, at, _ := strings.Cut(challenge, `resource_metadata="`)
	api := b.Get(strings.TrimSuffix(at, `"`)).JSON(t)
	server, _ := api["authorization_servers"].([]any)
	if len(server) != 1 || api["resource"] != p.Base()+"/api/timesheets" || strings.Contains(challenge, "error=") {
		t.Fatalf("%s: %v", challenge, api)
	}
	doc := b.Get(strings.TrimSuffix(fmt.Sprint(server[0]), "/") + "/.well-known/oauth-authorization-server").JSON(t)
	made := b.SendJSON("POST", fmt.Sprint(doc["registration_endpoint"]), "", `{"client_name":"Pocket Hours","redirect_uris":["http://localhost:3999/cb"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`)
	me := made.JSON(t)
	if made.StatusCode != 201 || me["application_type"] != "native" || me["client_secret"] != nil {
		t.Fatalf("%d %s", made.StatusCode, made.Text)
	}
	c := agent.Mobile()
	c.ID, c.Redirect = fmt.Sprint(me["client_id"]), "http://localhost:4001/cb" // RFC 8252 7.3: any port

	page := b.ConsentPage(c, "ada@example.com", "resource", fmt.Sprint(api["resource"]))
	if !strings.Contains(page.Text, "registered itself") || !strings.Contains(page.Text, "<bdi>Pocket Hours</bdi>") {
		t.Error("the page does not say what kind of app this is")
	}
	got := b.Tokens(b.Exchange(c, b.Arrive(c, b.Decide(page, "allow", nil)).Get("code")))
	if agent.Claims(t, got.Access, 1)["aud"] != p.Base()+"/api" || b.API("GET", "/timesheets", got.Access, "").StatusCode != 200 {
		t.Error("the token does not open the API it was asked for")
	}
	// RFC 8707 2.2: the refresh may name the resource again, and no other.
	agent.Refused(t, b.Refresh(c, got.Refresh, "resource", "https://other.example/api"), 400, "invalid_target")
	got = b.Tokens(b.Refresh(c, got.Refresh, "resource", fmt.Sprint(api["resource"])))

	home := b.Get("/").Text
	if !strings.Contains(home, c.ID) || !strings.Contains(home, "Nobody has checked these") {
		t.Error("the start page does not show it")
	}
	mine, token := fmt.Sprint(me["registration_client_uri"]), fmt.Sprint(me["registration_access_token"])
	changed := b.SendJSON("PUT", mine, token, `{"client_id":"`+c.ID+`","redirect_uris":["https://pocket.example/cb"],"token_endpoint_auth_method":"client_secret_basic"}`)
	if m := changed.JSON(t); changed.StatusCode != 200 || m["client_secret"] == nil || m["client_name"] != nil {
		t.Errorf("%d %s", changed.StatusCode, changed.Text)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 401, "invalid_client") // it has a secret now
	if a := b.SendJSON("DELETE", mine, token, ""); a.StatusCode != 204 {
		t.Errorf("delete: %d %s", a.StatusCode, a.Text)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("its access token: %d", a.StatusCode)
	}
	agent.Refused(t, b.SendJSON("GET", mine, token, ""), 401, "invalid_token")
	if strings.Contains(b.Get("/").Text, c.ID) {
		t.Error("the start page still shows it")
	}
}
