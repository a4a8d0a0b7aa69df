package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What may come to the loopback port, and what is believed of it.
func TestReceive(t *testing.T) {
	s := &signIn{server: &metadata{Issuer: "https://a.example", NamesItselfInResponse: true}, scopes: []string{"openid"}}
	s.begin(time.Now())
	for name, row := range map[string]struct {
		query string
		code  string
		says  string
	}{
		"the answer":        {"code=c&state={}&iss=https://a.example", "c", ""},
		"no state":          {"code=c&iss=https://a.example", "", "state"},
		"another state":     {"code=c&state=x&iss=https://a.example", "", "state"},
		"state twice":       {"code=c&state={}&state=x&iss=https://a.example", "", "state twice"},
		"code twice":        {"code=c&code=d&state={}&iss=https://a.example", "", "code twice"},
		"no issuer":         {"code=c&state={}", "", "does not come from"},
		"another issuer":    {"code=c&state={}&iss=https://b.example", "", "does not come from"},
		"a slash more":      {"code=c&state={}&iss=https://a.example/", "", "does not come from"},
		"no code":           {"state={}&iss=https://a.example", "", "no code"},
		"refused":           {"error=access_denied&state={}&iss=https://a.example", "", "access_denied"},
		"a forged refusal":  {"error=access_denied&state=x&iss=https://a.example", "", "state"},
		"refused elsewhere": {"error=access_denied&state={}&iss=https://b.example", "", "does not come from"},
	} {
		q, err := url.ParseQuery(strings.ReplaceAll(row.query, "{}", s.state))
		if err != nil {
			t.Fatal(err)
		}
		code, err := s.receive(q)
		if code != row.code || (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %q %v, want %q and %q", name, code, err, row.code, row.says)
		}
	}
	// RFC 9207 2.4: a server that does not announce iss need not send it, but a wrong one is wrong.
	s.server.NamesItselfInResponse = false
	if code, err := s.receive(url.Values{"code": {"c"}, "state": {s.state}}); code != "c" || err != nil {
		t.Errorf("a server without RFC 9207: %q %v", code, err)
	}
	if _, err := s.receive(url.Values{"code": {"c"}, "state": {s.state}, "iss": {"https://b.example"}}); err == nil {
		t.Error("another issuer was taken from a server without RFC 9207")
	}
}

func TestAuthorizationRequest(t *testing.T) {
	s := &signIn{server: &metadata{Authorization: "https://a.example/authorize?tenant=1"}, client: "app", redirect: "http://127.0.0.1:1/callback", api: "https://a.example/api", scopes: []string{"read:timesheets"}}
	s.begin(time.Now())
	s.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	u, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"tenant": "1", "response_type": "code", "client_id": "app", "redirect_uri": "http://127.0.0.1:1/callback", "scope": "read:timesheets",
		"resource": "https://a.example/api", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
		"nonce": "", "prompt": "", "max_age": "",
	} {
		if q.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("state")) < 43 {
		t.Errorf("state = %q, want 32 random bytes", q.Get("state"))
	}
	if strings.Contains(s.url(), s.verifier) {
		t.Error("the verifier is in the address")
	}
}

// A code, a verifier or a token follows nobody elsewhere, and a server that
// calls itself by another name is another one.
func TestGoesNowhereElse(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s came here", r.URL) }))
	defer elsewhere.Close()
	var document map[string]any
	us := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	}))
	defer us.Close()
	for name, row := range map[string]struct {
		change map[string]any
		says   string
	}{
		"itself":              {nil, ""},
		"with a slash":        {map[string]any{"issuer": us.URL + "/"}, ""},
		"another":             {map[string]any{"issuer": elsewhere.URL}, "calls itself " + elsewhere.URL},
		"a path more":         {map[string]any{"issuer": us.URL + "/x"}, "calls itself"},
		"nobody":              {map[string]any{"issuer": nil}, "calls itself"},
		"no PKCE":             {map[string]any{"code_challenge_methods_supported": nil}, "PKCE"},
		"plain PKCE":          {map[string]any{"code_challenge_methods_supported": []string{"plain"}}, "PKCE"},
		"no token endpoint":   {map[string]any{"token_endpoint": nil}, "token_endpoint"},
		"no address for it":   {map[string]any{"token_endpoint": "javascript:alert(1)"}, "token_endpoint"},
		"another for browser": {map[string]any{"authorization_endpoint": "file:///etc/passwd"}, "authorization_endpoint"},
	} {
		document = map[string]any{
			"issuer": us.URL, "authorization_endpoint": us.URL + "/authorize", "token_endpoint": us.URL + "/token", "code_challenge_methods_supported": []string{"S256"},
		}
		for member, value := range row.change {
			document[member] = value
		}
		m, err := newWire(us.URL).discover(t.Context())
		if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", name, err, row.says)
		}
		if err == nil {
			if _, err := newWire(us.URL).tokenRequest(t.Context(), m, "app", url.Values{"code": {"c"}}); err == nil {
				t.Error("a redirect was taken for tokens")
			}
		}
	}
}

// RFC 9728 3: an API says what it is called, where, and whose tokens it takes.
func TestFindsTheAPI(t *testing.T) {
	var asked string
	answer := ""
	us := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path
		if answer == "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(strings.ReplaceAll(answer, "{us}", "http://"+r.Host)))
	}))
	defer us.Close()
	for name, row := range map[string]struct {
		named, answer string
		want, says    string
		asked         string
	}{
		"the server's own":  {"", `{"resource":"{us}/api","authorization_servers":["{us}/"]}`, "{us}/api", "", "/.well-known/oauth-protected-resource/api"},
		"an older server":   {"", "", "{us}/api", "", "/.well-known/oauth-protected-resource/api"},
		"another":           {"{us}/v1/hours", `{"resource":"{us}/v1/hours","authorization_servers":["{us}/"]}`, "{us}/v1/hours", "", "/.well-known/oauth-protected-resource/v1/hours"},
		"one at the root":   {"{us}", `{"resource":"{us}","authorization_servers":["{us}/"]}`, "{us}", "", "/.well-known/oauth-protected-resource"},
		"not there":         {"{us}/v1", "", "", "does not describe itself", "/.well-known/oauth-protected-resource/v1"},
		"of another name":   {"", `{"resource":"https://bank.example/api","authorization_servers":["{us}/"]}`, "", "does not describe itself", "/.well-known/oauth-protected-resource/api"},
		"of another server": {"", `{"resource":"{us}/api","authorization_servers":["https://b.example"]}`, "", "takes no tokens of", "/.well-known/oauth-protected-resource/api"},
		"no address":        {"hours", "", "", "--api", ""},
	} {
		asked, answer = "", row.answer
		here := func(s string) string { return strings.ReplaceAll(s, "{us}", us.URL) }
		got, err := newWire(us.URL).api(t.Context(), &metadata{Issuer: us.URL + "/"}, here(row.named))
		if got != here(row.want) || (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) || asked != row.asked {
			t.Errorf("%s: %q %v, asked at %s; want %q %q, asked at %s", name, got, err, asked, here(row.want), row.says, row.asked)
		}
	}
}

// An address that is given and the name that its server gives itself.
func TestSpellings(t *testing.T) {
	for _, server := range []string{"localhost:8484", "ftp://a.example", "https://a.example?x", "https://a.example/#x", "https://u:p@a.example", "//a.example", ""} {
		var f *failure
		if err := address(server); !errors.As(err, &f) || f.code != exitUsage {
			t.Errorf("%q: %v, want a mistake in the command", server, err)
		}
	}
	for _, server := range []string{"http://localhost:8484", "https://a.example/"} {
		if err := address(server); err != nil {
			t.Errorf("%q: %v", server, err)
		}
	}
	v := vault{"x"}
	if v.file("https://a.example") == v.file("https://a.example/") {
		t.Error("two issuers share a file")
	}
	if got := v.file("https://A.example:99/../../etc"); strings.Contains(got, "..") || strings.ContainsAny(got[2:], `/\:`) {
		t.Errorf("an issuer leads out of the folder: %s", got)
	}
}
