package catalogue

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	discovery = "/.well-known/openid-configuration"
	rfc8414   = "/.well-known/oauth-authorization-server"
	resource  = "/.well-known/oauth-protected-resource/api"
	keySet    = "/.well-known/jwks.json"
)

func strs(v any) (out []string) {
	list, _ := v.([]any)
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

// metadata is what the server says of itself.
var metadata = map[string]func(*testing.T){
	"MD-01": func(t *testing.T) {
		a := newAgent(t)
		// CONTRACT: "//.well-known/… and /.well-known/…/ answer too", which is where
		// clients look that were given an issuer with a slash at its end.
		for _, path := range []string{discovery, rfc8414, "/" + discovery, "/" + rfc8414, discovery + "/", rfc8414 + "/"} {
			at := a.get(path)
			m := at.json(t)
			if at.StatusCode != 200 || !strings.HasPrefix(at.Header.Get("Content-Type"), "application/json") || m["issuer"] != issuer {
				t.Errorf("%s: %d %s issuer %v", path, at.StatusCode, at.Header.Get("Content-Type"), m["issuer"])
			}
			for key, value := range m {
				if text, ok := value.(string); ok && (strings.HasSuffix(key, "_endpoint") || key == "jwks_uri") && !strings.HasPrefix(text, base+"/") {
					t.Errorf("%s: %s = %s is not at the issuer", path, key, text)
				}
			}
		}
	},
	"MD-02": func(t *testing.T) {
		a := newAgent(t)
		before := a.get(discovery).body
		for _, header := range [][]string{{"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "https"}, {"Forwarded", "host=evil.example;proto=https"}, {"X-Original-Host", "evil.example"}, {"X-Forwarded-Prefix", "/evil"}} {
			if at := a.get(discovery, header...); at.body != before {
				t.Errorf("%v changed the metadata", header)
			}
			at := a.get(native().authorize(), header...)
			if strings.Contains(at.Header.Get("Location")+strings.Join(at.Header["Set-Cookie"], ""), "evil") {
				t.Errorf("%v: Location %s, cookies %v", header, at.Header.Get("Location"), at.Header["Set-Cookie"])
			}
		}
		got := raw(t, "GET http://evil.example"+discovery+" HTTP/1.1\r\nHost: "+host()+"\r\nConnection: close\r\n\r\n")
		if strings.Contains(got, `"issuer":"http://evil`) || strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Errorf("an absolute request line names the host (RFC 9112 3.2.2): %.200s", got)
		}
	},
	"MD-03": provesAgreement,
	"MD-04": func(t *testing.T) {
		a := newAgent(t)
		at := a.get(resource)
		m := at.json(t)
		if at.StatusCode != 200 || m["resource"] != base+"/api" || !slices.Equal(strs(m["authorization_servers"]), []string{issuer}) {
			t.Errorf("%d %s", at.StatusCode, at.body)
		}
		for _, scope := range []string{"read:timesheets", "create:timesheets", "delete:timesheets", "approve:timesheets"} {
			if !slices.Contains(strs(m["scopes_supported"]), scope) {
				t.Errorf("scopes_supported lacks %s", scope)
			}
		}
		// "The minimal set", and what people can have: clients ask them for all of it.
		if slices.Contains(strs(m["scopes_supported"]), "batch:upload") {
			t.Error("scopes_supported lists what only a machine can have")
		}
		// RFC 9728 3.3: the resource MUST be the URL that was called, for a client
		// that came by the 401 of that. RFC 6750 3: scope says what to ask for.
		problem(t, "no token", a.get("/api/timesheets?limit=1"), 401, `resource_metadata="`+base+resource+`/timesheets"`, `scope="read:timesheets"`)
		c := native()
		for _, m := range []map[string]any{m, a.get(discovery).json(t)} { // as tools do that are told nothing else
			all := c.asking(strings.Join(strs(m["scopes_supported"]), " "))
			if at := a.get(all.authorize()); at.StatusCode != 303 || strings.Contains(at.Header.Get("Location"), "error=") {
				t.Errorf("all that is listed cannot be asked for: %s", all.scope)
			}
		}
		if at := a.get(resource + "/timesheets"); at.StatusCode != 200 || at.json(t)["resource"] != base+"/api/timesheets" {
			t.Errorf("of one path: %d %s", at.StatusCode, at.body)
		}
		if at := a.get(resource + "/nothing"); at.StatusCode != 404 {
			t.Errorf("of a path where nothing is: %d", at.StatusCode)
		}
		code := a.code(c, ada, "resource", base+"/api/timesheets")
		got := a.tokens(a.token(c.exchangeForm(code, "resource", base+"/api/timesheets")))
		if at := a.api("GET", "/timesheets", got.Access, ""); at.StatusCode != 200 || part(t, got.Access, 1)["aud"] != base+"/api" {
			t.Errorf("with a token for that URL: %d, aud %v", at.StatusCode, part(t, got.Access, 1)["aud"])
		}
		// RFC 9728 4: both say so, or anybody could name this server as theirs.
		if got := strs(a.get(rfc8414).json(t)["protected_resources"]); !slices.Equal(got, []string{base + "/api"}) {
			t.Errorf("protected_resources %v", got)
		}
		if at := a.get(fmt.Sprint(m["resource_documentation"])); at.StatusCode != 200 || !slices.Equal(strs(m["bearer_methods_supported"]), []string{"header"}) {
			t.Errorf("resource_documentation %v: %d", m["resource_documentation"], at.StatusCode)
		}
	},
	"MD-05": func(t *testing.T) {
		at := newAgent(t).get(keySet)
		var seen []string
		for _, key := range at.json(t)["keys"].([]any) {
			k := key.(map[string]any)
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
				if k[private] != nil {
					t.Errorf("key %v has the private member %s", k["kid"], private)
				}
			}
			if k["use"] != "sig" || k["alg"] == nil || k["kid"] == nil || slices.Contains(seen, fmt.Sprint(k["kid"])) {
				t.Errorf("key %v: use %v alg %v", k["kid"], k["use"], k["alg"])
			}
			seen = append(seen, fmt.Sprint(k["kid"]))
		}
		if len(seen) == 0 || !strings.Contains(at.Header.Get("Cache-Control"), "max-age") {
			t.Errorf("%d keys, Cache-Control %q", len(seen), at.Header.Get("Cache-Control"))
		}
	},
}

func logoutURL(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/oidc/logout?" + q.Encode()
}

// signedIn says whether this browser still has a session.
func (a *agent) signedIn() bool {
	a.t.Helper()
	c := native()
	return a.arrives(c, a.follow(a.get(c.authorize("prompt", "none")))).Get("error") != "login_required"
}

var logout = map[string]func(*testing.T){
	"LO-01": func(t *testing.T) {
		a, c := newAgent(t), spa()
		hint := a.granted(c, ada).ID
		at := a.get(logoutURL("id_token_hint", hint, "post_logout_redirect_uri", "http://localhost:5173", "state", "s 1"))
		if at.StatusCode != http.StatusSeeOther || at.Header.Get("Location") != "http://localhost:5173?state=s+1" || a.signedIn() {
			t.Errorf("%d %s, signed in %v", at.StatusCode, at.Header.Get("Location"), a.signedIn())
		}
	},
	"LO-02": func(t *testing.T) {
		a, c := newAgent(t), spa()
		got := a.granted(c, ada)
		foreign := a.granted(native(), ada).ID
		for _, uri := range []string{"https://evil.example/", "http://localhost:5173/other", "http://localhost:5173@evil.example", "javascript:alert(1)"} {
			if at := a.get(logoutURL("id_token_hint", got.ID, "post_logout_redirect_uri", uri)); at.StatusCode != 400 || at.Header.Get("Location") != "" {
				t.Errorf("%s: %d to %q", uri, at.StatusCode, at.Header.Get("Location"))
			}
		}
		for name, target := range map[string]string{
			"no hint":               logoutURL("client_id", c.id, "post_logout_redirect_uri", "http://localhost:5173"),
			"nothing":               "/oidc/logout",
			"another client's hint": logoutURL("client_id", c.id, "id_token_hint", foreign, "post_logout_redirect_uri", "http://localhost:5173"),
			"a forged hint":         logoutURL("id_token_hint", "e30.e30.e30"),
		} {
			if at := a.get(target); at.Header.Get("Location") != "" || at.StatusCode != 200 && at.StatusCode != 400 {
				t.Errorf("%s: %d to %q, want a page", name, at.StatusCode, at.Header.Get("Location"))
			}
		}
		for name, target := range map[string]string{
			"a state of 2049 bytes":    logoutURL("id_token_hint", got.ID, "state", strings.Repeat("s", 2049)),
			"two client_ids":           logoutURL("client_id", c.id) + "&client_id=timesheets-web",
			"an address and no client": logoutURL("post_logout_redirect_uri", "http://localhost:5173"),
			"a client that is none":    logoutURL("client_id", "nobody", "post_logout_redirect_uri", "http://localhost:5173"),
		} {
			if at := a.get(target); at.Header.Get("Location") != "" || at.StatusCode != 400 {
				t.Errorf("%s: %d to %q, want a page with 400", name, at.StatusCode, at.Header.Get("Location"))
			}
		}
		if !a.signedIn() {
			t.Error("the session ended")
		}
	},
	"LO-03": func(t *testing.T) {
		a := newAgent(t)
		a.asked(native(), ada)
		for _, target := range []string{"/oidc/logout", "/v2/logout", "/v2/logout?client_id=timesheets-spa&returnTo=http%3A%2F%2Flocalhost%3A5173%2F", "/logout"} {
			a.get(target, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
			if !a.signedIn() {
				t.Fatalf("an image at %s ended the session", target)
			}
		}
	},
}
