package catalogue

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// push hands an authorization request over, RFC 9126 2.1.
func (a *agent) push(c *client, pairs ...string) answer {
	a.t.Helper()
	return a.post("/oauth/par", c.with(c.request(pairs...)))
}

// pushed is a push that must be taken, RFC 9126 2.2; it returns where the
// browser is sent with it.
func (a *agent) pushed(c *client, pairs ...string) string {
	a.t.Helper()
	at := a.push(c, pairs...)
	m := at.json(a.t)
	uri, _ := m["request_uri"].(string)
	expires, _ := m["expires_in"].(float64)
	if at.StatusCode != http.StatusCreated || at.Header.Get("Cache-Control") != "no-store" || expires < 5 || expires > 600 {
		a.t.Fatalf("push: %d %q %s", at.StatusCode, at.Header.Get("Cache-Control"), at.body)
	}
	// At least 128 bits that nobody can guess (RFC 9126 7.1), so here 43 characters of base64url.
	if secret, ok := strings.CutPrefix(uri, "urn:ietf:params:oauth:request_uri:"); !ok || len(secret) < 43 {
		a.t.Errorf("request_uri %q", uri)
	}
	keep("request_uri", uri)
	return "/authorize?" + url.Values{"client_id": {c.id}, "request_uri": {uri}}.Encode()
}

// pushedRequests is RFC 9126. That they expire is proven where the clock is.
var pushedRequests = map[string]func(*testing.T){
	"OP-01": func(t *testing.T) {
		a, c := newAgent(t), native()
		for _, path := range []string{discovery, rfc8414} {
			m := a.get(path).json(t)
			if m["pushed_authorization_request_endpoint"] != base+"/oauth/par" || m["require_pushed_authorization_requests"] != false {
				t.Errorf("%s: %v, required %v", path, m["pushed_authorization_request_endpoint"], m["require_pushed_authorization_requests"])
			}
		}
		// Push and use, by each client that can: public, Basic, post.
		page := a.signIn(a.follow(a.get(a.pushed(c))), ada)
		if code := a.arrives(c, a.decide(page, "allow")).Get("code"); a.tokens(a.token(c.exchangeForm(code))).Access == "" {
			t.Error("no token")
		}
		a.pushed(web())
		if at := a.post("/oauth/par", web().request("client_id", ""), "Authorization", basic(web().id, web().secret)); at.StatusCode != http.StatusCreated {
			t.Errorf("by Basic: %d %s", at.StatusCode, at.body)
		}
		// Reuse (4), another client (2.2), made up, and what is sent beside it.
		once := a.pushed(c, "scope", "openid")
		page400(t, "another client's", newAgent(t).get(strings.Replace(once, c.id, spa().id, 1)))
		page400(t, "client_id twice", newAgent(t).get(once+"&client_id="+c.id))
		page400(t, "no client_id", newAgent(t).get("/authorize?"+strings.SplitN(once, "&", 2)[1]))
		if at := a.follow(a.get(once + "&prompt=none&scope=batch%3Aupload&redirect_uri=https%3A%2F%2Fevil.example")); at.Request.URL.Path != "/consent" {
			t.Errorf("with more beside it: %s, want the request as it was pushed", at.Request.URL.Path)
		}
		page400(t, "used", a.get(once))
		page400(t, "used, elsewhere", newAgent(t).get(once))
		page400(t, "made up", a.get("/authorize?client_id="+c.id+"&request_uri=urn:ietf:params:oauth:request_uri:"+strings.Repeat("x", 43)))
		a.sentBack("a request_uri of somebody else's", c, a.get(c.authorize("request_uri", "https://evil.example/r")), "request_uri_not_supported")

		// What /authorize refuses is refused here, as JSON (2.3), and so is a wrong client.
		for code, pairs := range map[string][][]string{
			"invalid_request": {
				{"code_challenge", ""}, {"code_challenge_method", "plain"}, {"response_type", ""}, {"redirect_uri", ""}, {"redirect_uri", "https://evil.example/"},
				{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, {"state", strings.Repeat("s", 2049)}, {"max_age", "-1"}, {"prompt", "none login"}, {"id_token_hint", "e30.e30.e30"},
			},
			"unsupported_response_type": {{"response_type", "token"}},
			"invalid_scope":             {{"scope", ""}, {"scope", "batch:upload"}},
			"invalid_target":            {{"resource", "https://other.example/api"}},
			"request_not_supported":     {{"request", "e30.e30."}},
		} {
			for _, pair := range pairs {
				refused(t, pair[0]+"="+pair[1], a.push(c, pair...), 400, code)
			}
		}
		refused(t, "unregistered redirect_uri of a confidential client (2.4)", a.push(web(), "redirect_uri", "https://app.example/cb"), 400, "invalid_request")
		refused(t, "no secret", a.post("/oauth/par", web().request()), 401, "invalid_client")
		refused(t, "wrong secret", a.post("/oauth/par", web().request("client_secret", "wrong")), 401, "invalid_client")
		refused(t, "a client without the code grant", a.post("/oauth/par", cron().with(c.request("redirect_uri", "", "scope", "batch:upload"))), 400, "invalid_request")
		twice := c.request()
		twice["scope"] = []string{"openid", "profile"}
		refused(t, "scope twice", a.post("/oauth/par", twice), 400, "invalid_request")

		// The edges of the endpoint: 405, 413, 415.
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if at := a.do(method, "/oauth/par?"+c.request().Encode(), ""); at.StatusCode != 405 || !slices.Contains(strings.Split(at.Header.Get("Allow"), ", "), "POST") {
				t.Errorf("%s: %d Allow %q", method, at.StatusCode, at.Header.Get("Allow"))
			}
		}
		for _, size := range []int{17 << 10, 70 << 10} {
			refused(t, "a body over the limit", a.push(c, "x", strings.Repeat("x", size)), 413, "invalid_request")
		}
		refused(t, "JSON", a.do("POST", "/oauth/par", `{"client_id":"`+c.id+`"}`, "Content-Type", "application/json"), 415, "invalid_request")
		refused(t, "in the URL", a.post("/oauth/par?"+c.request().Encode(), nil), 401, "invalid_client")
	},
}
