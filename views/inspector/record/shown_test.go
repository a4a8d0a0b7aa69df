package record

import (
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// stored is all that the file has.
func (w *world) stored() string {
	w.Helper()
	w.saveAll(w.Context())
	var all string
	if err := w.db.QueryRow(`SELECT group_concat(summary || body) FROM inspector_runs`).Scan(&all); err != nil {
		w.Fatal(err)
	}
	return all
}

// post sends a body of any type.
func (w *world) post(target, kind, body string, header ...string) {
	w.Helper()
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
	w.drain()
}

// Wherever somebody puts a secret, the file does not have it.
func TestTheFileShowsByException(t *testing.T) {
	const secret = "correct-horse-battery-staple"
	const form = "application/x-www-form-urlencoded"
	basic := base64.StdEncoding.EncodeToString([]byte("app:" + secret))
	sent := func(name, value string) func(*world) {
		return func(w *world) {
			w.post("/oauth/token", form, "grant_type=client_credentials", name, value)
			w.post("/api/timesheets", "application/json", "{}", name, value)
		}
	}
	post := func(target, kind, body string) func(*world) { return func(w *world) { w.post(target, kind, body) } }
	for name, send := range map[string]func(*world){
		"no scheme":                     sent("Authorization", secret),
		"a scheme of its own":           sent("Authorization", secret+" x"),
		"a tab":                         sent("Authorization", "Basic\t"+basic),
		"two spaces":                    sent("Authorization", "Basic  "+basic),
		"Basic, not encoded":            sent("Authorization", "Basic app:"+secret),
		"Basic without a name":          sent("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret))),
		"Bearer, and no token of ours":  sent("Authorization", "Bearer "+secret),
		"Bearer, a tab":                 sent("Authorization", "Bearer\t"+secret),
		"Bearer, in two words":          sent("Authorization", "Bearer "+secret+" "+secret),
		"Token":                         sent("Authorization", "Token "+secret),
		"a list":                        sent("Authorization", "Bearer x, Basic "+secret),
		"for a proxy":                   sent("Proxy-Authorization", secret),
		"for a proxy, Basic":            sent("Proxy-Authorization", "Basic "+basic),
		"for a proxy, Bearer":           sent("Proxy-Authorization", "Bearer "+secret),
		"a key of an API":               sent("X-Api-Key", secret),
		"a field that nobody knows":     sent("My-Field", secret),
		"a proof that is none":          sent("DPoP", secret),
		"a cookie without a name":       sent("Cookie", secret),
		"a cookie":                      sent("Cookie", "a="+secret),
		"the query of the referer":      sent("Referer", "http://x/?k="+secret),
		"the user of the referer":       sent("Referer", "http://a:"+secret+"@x/"),
		"a parameter":                   post("/oauth/token", form, "api_key="+secret),
		"a parameter, escaped":          post("/oauth/token", form, "api%5Fkey="+url.QueryEscape(secret+"!")),
		"a parameter, broken":           post("/oauth/token", form, "scope=%zz"+secret),
		"a state":                       post("/oauth/token", form, "state="+secret),
		"no parameter":                  post("/oauth/token", form, secret),
		"JSON that is called a form":    post("/oauth/token", form, `{"client_secret":"`+secret+`"}`),
		"JSON with signs":               post("/oauth/token", form, `{"client_secret":"=&`+secret+`="}`),
		"the query":                     post("/oauth/token?key="+secret, form, ""),
		"all of the query":              post("/oauth/token?"+secret, form, ""),
		"base64 and no parameter":       post("/oauth/token", form, basic+"=="),
		"a redirect URI":                post("/oauth/token", form, "redirect_uri="+url.QueryEscape("http://x/?k="+secret)),
		"a redirect URI's user":         post("/oauth/token", form, "redirect_uri="+url.QueryEscape("http://a:"+secret+"@x/")),
		"a member":                      post("/api/timesheets", "application/json", `{"notes":"n","key":"`+secret+`"}`),
		"a member of a member":          post("/api/timesheets", "application/json", `{"entries":[{"key":["`+secret+`"]}]}`),
		"a member that is an object":    post("/api/timesheets", "application/json", `{"key":{"notes":"`+secret+`"}}`),
		"a list and no object":          post("/api/timesheets", "application/json", `["`+secret+`"]`),
		"a string and no object":        post("/api/timesheets", "application/json", `"`+secret+`"`),
		"broken JSON":                   post("/api/timesheets", "application/json", `{"notes":"`+secret),
		"JSON by another name":          post("/api/timesheets", "text/plain", `{"notes":"`+secret+`"}`),
		"no type":                       post("/api/timesheets", "", secret),
		"a body that is too long":       post("/api/timesheets", "application/json", `{"notes":"`+secret+strings.Repeat("x", maxBody)+`"}`),
		"a registration":                post("/oidc/register", "application/json", `{"client_name":"x","jwks":{"keys":[{"d":"`+secret+`"}]}}`),
		"an answer":                     func(w *world) { w.answer = says(200, `{"key":"`+secret+`"}`); w.send("/api/me", nil) },
		"an answer that is broken":      func(w *world) { w.answer = says(200, `{"scope":"`+secret); w.send("/api/me", nil) },
		"where an answer leads":         func(w *world) { w.answer = redirects("http://x/cb?k=" + secret); w.send("/authorize", nil) },
		"in a fragment":                 func(w *world) { w.answer = redirects("http://x/cb#k=" + secret); w.send("/authorize", nil) },
		"where a page leads, by itself": func(w *world) { w.answer = refreshes("http://x/cb?code=" + secret); w.send("/authorize", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			w.answer = says(400, `{"error":"invalid_request"}`)
			send(w)
			all := w.stored()
			for _, piece := range []string{secret, secret[:6], secret[10:], basic, url.QueryEscape(basic), basic[8:]} {
				if strings.Contains(all, piece) {
					t.Fatalf("the file has %q: %s", piece, all)
				}
			}
		})
	}
}

// What is harmless can be read, or nobody would learn from it.
func TestTheFileShowsWhatIsHarmless(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	f := flowOf("ada")
	for _, step := range f.steps(w) {
		step()
	}
	w.answer = refreshes("http://x/cb?code=" + f.code + "&iss=http://localhost:8484")
	w.send("/authorize?flow="+f.handle, nil)
	w.answer = says(422, `{"title":"Unprocessable","status":422,"errors":[{"pointer":"/hours","detail":"has to be a quarter of an hour"}]}`)
	w.post("/api/timesheets", "application/json", `{ "project":"Apollo", "hours":7.1, "notes":"to the moon", "approved":false }`,
		"Authorization", "Bearer "+f.access, "Idempotency-Key", "key-1", "Origin", "http://localhost:3000", "User-Agent", "app/1", "Sec-Fetch-Site", "same-site", "Accept", "application/json")
	w.post("/oauth/token", "application/x-www-form-urlencoded",
		"grant_type=refresh_token&refresh_token="+f.refresh+"&scope=openid+read%3Atimesheets&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&resource=http%3A%2F%2Flocalhost%3A8484%2Fapi",
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("timesheets-web:secret")))
	all := w.stored()
	for _, shown := range []string{
		`{ \"project\":\"Apollo\", \"hours\":7.1, \"notes\":\"to the moon\", \"approved\":false }`, `has to be a quarter of an hour`,
		"key-1", "http://localhost:3000", "app/1", "same-site", "grant_type=refresh_token", "scope=openid+read%3Atimesheets",
		"redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback", "Basic timesheets-web:" + Hidden, "client_id=app", "email=ada%40example.com",
		"refresh_token=" + NewValue(Refresh, f.refresh).Mask, "Bearer " + NewValue(Access, f.access).Mask, "code=" + NewValue(Code, f.code).Mask, "iss=http://localhost:8484",
	} {
		if !strings.Contains(all, shown) {
			t.Errorf("the file lacks %s", shown)
		}
	}
	if got := w.run(1).Exchanges[5]; got.Returned().Get("code") != f.code || got.Redirect() == nil {
		t.Errorf("a page that goes on by itself leads to %q", got.Answer)
	}
}
