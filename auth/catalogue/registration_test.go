package catalogue

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const register = "/oidc/register"

// registers sends client metadata; headers are pairs, as in do.
func (a *agent) registers(metadata string, header ...string) answer {
	a.t.Helper()
	at := a.do(http.MethodPost, register, metadata, append([]string{"Content-Type", "application/json"}, header...)...)
	var secrets struct {
		Secret string `json:"client_secret"`
		Token  string `json:"registration_access_token"`
	}
	if json.Unmarshal([]byte(at.body), &secrets) == nil && secrets.Token != "" {
		keep("registration access token", secrets.Token)
		if secrets.Secret != "" {
			keep("client secret", secrets.Secret)
		}
	}
	return at
}

// manages asks for a registration by its own address.
func (a *agent) manages(method string, registered map[string]any, token, metadata string) answer {
	a.t.Helper()
	return a.do(method, registered["registration_client_uri"].(string), metadata, "Authorization", "Bearer "+token, "Content-Type", "application/json")
}

// registration is RFC 7591 and RFC 7592. OP-04's flood comes last of all here:
// whoever registers after it has to wait.
var registration = map[string]func(*testing.T){
	"OP-04": func(t *testing.T) {
		t.Run("as it asked", registersAndManages)
		t.Run("nothing is fetched", registrationFetchesNothing)
		t.Run("refused", registrationRefused)
		t.Run("flood", registrationFlood)
	},
}

func registersAndManages(t *testing.T) {
	a := newAgent(t)
	at := a.registers(`{"redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none","client_name":"Mine","grant_types":["authorization_code","refresh_token"],"scope":"openid offline_access read:timesheets","flavour":"unknown"}`)
	m := at.json(t)
	if at.StatusCode != 201 || at.Header.Get("Cache-Control") != "no-store" || m["client_secret"] != nil || m["flavour"] != nil || m["client_name"] != "Mine" || m["scope"] != "openid offline_access read:timesheets" {
		t.Fatalf("%d %q %s", at.StatusCode, at.Header.Get("Cache-Control"), at.body)
	}
	id, token := m["client_id"].(string), m["registration_access_token"].(string)
	if m["registration_client_uri"] != base+register+"/"+id || m["client_id_issued_at"] == nil {
		t.Errorf("%s", at.body)
	}
	// It signs somebody in, as any other native client, and gets what it may ask for.
	c := native().asking("openid offline_access read:timesheets")
	c.id = id
	got := a.granted(c, ada)
	problem(t, "beyond its scope", a.api("POST", "/timesheets", got.Access, `{"project":"x","date":"2026-01-05","hours":1}`), 403, insufficientScope)
	if q := a.arrives(c, a.follow(a.get(c.authorize("scope", "create:timesheets")))); q.Get("error") != "invalid_scope" {
		t.Errorf("a scope that it has not registered: %v", q)
	}
	// RFC 7592 2: to whoever has its token, and to nobody else.
	read := a.manages("GET", m, token, "")
	if read.StatusCode != 200 || read.json(t)["registration_access_token"] != token || read.json(t)["client_name"] != "Mine" {
		t.Errorf("read: %d %s", read.StatusCode, read.body)
	}
	other := a.registers(`{"redirect_uris":["https://b.example/cb"]}`).json(t)
	wrong := a.manages("GET", m, other["registration_access_token"].(string), "")
	unknown := a.do("GET", register+"/reg_nobody", "", "Authorization", "Bearer "+token)
	refused(t, "another client's token", wrong, 401, "invalid_token")
	refused(t, "an unknown client", unknown, 401, "invalid_token")
	if wrong.body != unknown.body {
		t.Error("the answers tell which clients exist (RFC 7592 2.1)")
	}
	refused(t, "no token", a.get(m["registration_client_uri"].(string)), 401, "invalid_token")
	refused(t, "its own access token", a.manages("GET", m, got.Access, ""), 401, "invalid_token")
	// RFC 7592 2.2 replaces all; 2.3 ends all.
	update := a.manages("PUT", m, token, `{"client_id":"`+id+`","redirect_uris":["http://127.0.0.1/other"],"token_endpoint_auth_method":"none"}`)
	if u := update.json(t); update.StatusCode != 200 || u["client_name"] != nil || len(strs(u["grant_types"])) != 1 {
		t.Errorf("update: %d %s", update.StatusCode, update.body)
	}
	page400(t, "the redirect URI of before", a.get(c.authorize()))
	refused(t, "the client_id of another", a.manages("PUT", m, token, `{"client_id":"timesheets-web","redirect_uris":["http://127.0.0.1/x"],"token_endpoint_auth_method":"none"}`), 400, "invalid_client_metadata")
	refused(t, "a token of its choice", a.manages("PUT", m, token, `{"client_id":"`+id+`","registration_access_token":"mine","redirect_uris":["http://127.0.0.1/x"],"token_endpoint_auth_method":"none"}`), 400, "invalid_client_metadata")
	if gone := a.manages("DELETE", m, token, ""); gone.StatusCode != 204 || gone.body != "" {
		t.Errorf("delete: %d %q", gone.StatusCode, gone.body)
	}
	problem(t, "a token of the client that is gone", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
	refused(t, "its refresh token", a.token(c.refreshForm(got.Refresh)), 401, "invalid_client")
	page400(t, "its authorization request", a.get(c.authorize("redirect_uri", "http://127.0.0.1/other")))
	refused(t, "once more", a.manages("DELETE", m, token, ""), 401, "invalid_token")
}

// OWASP ASVS 10.4.7, RFC 7591 5: an address in the metadata must not make the
// server ask for it.
func registrationFetchesNothing(t *testing.T) {
	a := newAgent(t)
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer trap.Close()
	caught := make(chan struct{}, 1)
	go func() {
		if conn, err := trap.Accept(); err == nil {
			conn.Close()
			caught <- struct{}{}
		}
	}()
	uri := "http://" + trap.Addr().String() + "/x"
	for _, name := range []string{"jwks_uri", "sector_identifier_uri"} {
		refused(t, name, a.registers(`{"redirect_uris":["https://a.example/cb"],"`+name+`":"`+uri+`"}`), 400, "invalid_client_metadata")
	}
	refused(t, "request_uris", a.registers(`{"redirect_uris":["https://a.example/cb"],"request_uris":["`+uri+`"]}`), 400, "invalid_client_metadata")
	links := a.registers(`{"redirect_uris":["http://localhost:1/cb"],"token_endpoint_auth_method":"none","logo_uri":"` + uri + `","client_uri":"` + uri + `","policy_uri":"` + uri + `","tos_uri":"` + uri + `"}`)
	if links.StatusCode != 201 || links.json(t)["logo_uri"] != uri {
		t.Fatalf("%d %s", links.StatusCode, links.body)
	}
	c := native()
	c.id, c.redirect = links.json(t)["client_id"].(string), "http://localhost:1/cb"
	page := a.asked(c.asking("openid"), ada)
	if strings.Contains(page.body, uri) || !strings.Contains(page.body, "registered itself") {
		t.Error("the consent page shows an address that nobody has checked, or does not say that the app registered itself")
	}
	select {
	case <-caught:
		t.Error("the server has fetched an address of the metadata")
	case <-time.After(300 * time.Millisecond): // all that it could do, it did while it answered
	}
}

func registrationRefused(t *testing.T) {
	a := newAgent(t)
	const web, native = `"client_secret_basic"`, `"none","application_type":"native"`
	for _, row := range []struct{ uri, method string }{
		{"http://a.example/cb", web}, {"http://127.0.0.1.a.example/cb", native}, {"http://10.0.0.1/cb", native},
		{"https://a.example/cb#f", web}, {"https://a.example/cb#", web}, {"https://u:p@a.example/cb", web}, {"https://u@a.example/cb", web},
		{"javascript:alert(1)", native}, {"data:text/html,x", native}, {"file:///etc/passwd", native}, {"vbscript:x", native}, {"urn:ietf:wg:oauth:2.0:oob", native},
		{"https://*.a.example/cb", web}, {"https://a.example/../cb", web}, {"https://a.example/cb?code=x", web}, {"/cb", web}, {"", web}, {"https://", web},
		{"com.example.app:/cb", web}, {"myapp:/cb", native}, {"{base}/app/callback", native}, {base + "/app/callback", web}, {"https://a.example/" + strings.Repeat("x", 2100), web},
	} {
		body, err := json.Marshal(row.uri)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, row.uri, a.registers(`{"redirect_uris":["https://good.example/cb",`+string(body)+`],"token_endpoint_auth_method":`+row.method+`}`), 400, "invalid_redirect_uri")
	}
	for name, code := range map[string]string{
		`{}`: "invalid_redirect_uri", `{"redirect_uris":[]}`: "invalid_redirect_uri", `{"redirect_uris":"https://a.example/cb"}`: "invalid_redirect_uri",
		`{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://evil.example/cb"]}`: "invalid_client_metadata",
		`[]`: "invalid_client_metadata", `null`: "invalid_client_metadata", ``: "invalid_client_metadata", `{"redirect_uris":["https://a.example/cb"]} {}`: "invalid_client_metadata",
		`"client_name":7`: "invalid_client_metadata", `"token_endpoint_auth_method":"client_secret_jwt"`: "invalid_client_metadata",
		`"grant_types":["implicit"]`: "invalid_client_metadata", `"grant_types":["password"]`: "invalid_client_metadata", `"grant_types":["refresh_token"]`: "invalid_client_metadata",
		`"grant_types":["authorization_code","client_credentials"],"scope":"batch:upload"`: "invalid_client_metadata", // nobody would be asked
		`"response_types":["token"]`: "invalid_client_metadata", `"response_types":["code","id_token"]`: "invalid_client_metadata", `"response_types":[]`: "invalid_client_metadata",
		`"scope":"admin:everything"`: "invalid_client_metadata", `"scope":"offline_access"`: "invalid_client_metadata",
		`"id_token_signed_response_alg":"none"`: "invalid_client_metadata", `"id_token_signed_response_alg":"HS256"`: "invalid_client_metadata",
		`"subject_type":"pairwise"`: "invalid_client_metadata", `"application_type":"desktop"`: "invalid_client_metadata",
		`"client_name":"Timesheets Mobile"`: "invalid_client_metadata", `"client_name":"a\u202etxt"`: "invalid_client_metadata", `"client_name":"Timesheets\u200d Mobile"`: "invalid_client_metadata", `"client_name":"\u3164"`: "invalid_client_metadata", `"client_name":"a\nb"`: "invalid_client_metadata", `"client_name":"` + strings.Repeat("x", 201) + `"`: "invalid_client_metadata",
		`"logo_uri":"javascript:alert(1)"`: "invalid_client_metadata", `"client_uri":"http://a.example"`: "invalid_client_metadata", `"tos_uri":"data:text/html,x"`: "invalid_client_metadata",
		`"software_statement":"e30.e30.e30"`: "invalid_client_metadata", `"post_logout_redirect_uris":["http://a.example/"]`: "invalid_client_metadata",
	} {
		body := name
		if strings.HasPrefix(name, `"`) {
			body = `{"redirect_uris":["https://a.example/cb"],` + name + `}`
		}
		refused(t, name, a.registers(body), 400, code)
	}
	refused(t, "another type", a.registers(`{"redirect_uris":["https://a.example/cb"]}`, "Content-Type", "text/plain"), 415, "invalid_client_metadata")
	refused(t, "a form", a.post(register, map[string][]string{"redirect_uris": {"https://a.example/cb"}}), 415, "invalid_client_metadata")
	refused(t, "20 KiB", a.registers(`{"redirect_uris":["https://a.example/cb"],"x":"`+strings.Repeat("x", 20<<10)+`"}`), 413, "invalid_client_metadata")
	refused(t, "an initial access token that is none", a.registers(`{"redirect_uris":["https://a.example/cb"]}`, "Authorization", "Bearer nonsense"), 401, "invalid_token")
	// RFC 7591 5: open for this machine is not open for every page that a browser here shows.
	refused(t, "a page from elsewhere", a.registers(`{"redirect_uris":["https://a.example/cb"]}`, "Origin", "https://evil.example"), 403, "access_denied")
	if at := a.get(register); at.StatusCode != 405 || at.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d Allow %q", at.StatusCode, at.Header.Get("Allow"))
	}
}

func registrationFlood(t *testing.T) {
	a := newAgent(t)
	for range 60 {
		at := a.registers(`{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"none"}`)
		if at.StatusCode == 201 {
			continue
		}
		refused(t, "the flood", at, 429, "temporarily_unavailable")
		if at.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After (RFC 6585 4)")
		}
		return
	}
	t.Error("60 registrations at once, and none was refused")
}
