package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/oauth"
)

// Whatever comes, an authorization request that passes is one that its client
// may make: RFC 6749 4.1.1, RFC 7636 4.2, RFC 9700 2.1.
func FuzzAuthorizationRequest(f *testing.F) {
	good := "client_id=timesheets-mobile&redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Fcallback&response_type=code&scope=openid+read%3Atimesheets&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	for _, q := range []string{good, good + "&max_age=0&prompt=login+consent&state=a%00b", good + "&resource=x&audience=y", good + "&scope=", "client_id=%zz", "&&==;", good + "&redirect_uri=" + good} {
		f.Add(q)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := w.parseAuthorization(t.Context(), form)
		if err != nil {
			return
		}
		client, err := w.store.Client(t.Context(), q.ClientID)
		if err != nil {
			t.Fatalf("passed for a client that does not exist: %q", query)
		}
		switch {
		case !admits(client.RedirectURIs, client.Kind == "native", q.RedirectURI),
			!oauth.Subset(q.Scopes, client.Scopes), len(q.Scopes) == 0,
			!challengeForm.MatchString(q.Challenge), q.Audience != issuer+"/api",
			q.MaxAge != nil && *q.MaxAge < 0, len(q.State) > maxState,
			form.Get("state") != q.State:
			t.Fatalf("passed: %q as %+v", query, q)
		}
	})
}

// RFC 6749 3.3: scope is a list of names between spaces. What passes has at
// least one, each known here, each once, in the order it was sent; and what is
// made of such names passes.
func FuzzScope(f *testing.F) {
	for _, scope := range []string{"openid", "openid  read:timesheets ", "read:timesheets read:timesheets", "batch:upload", "", " ", "openid\tprofile", "openid\u00a0email", "OPENID", `openid"`, strings.Repeat("openid ", 400)} {
		f.Add(scope)
	}
	w := newWorld(f)
	known := w.audiences.Scopes()
	f.Fuzz(func(t *testing.T, scope string) {
		asked, refused := w.audiences.ParseScope(t.Context(), scope)
		var want []string
		good := len(scope) <= 2048
		for _, name := range strings.Split(scope, " ") {
			if name != "" && !slices.Contains(known, name) {
				good = false
			}
			if name != "" && !slices.Contains(want, name) {
				want = append(want, name)
			}
		}
		good = good && len(want) > 0
		switch {
		case good != (refused == nil):
			t.Fatalf("%q: %v, want it taken: %v", scope, refused, good)
		case refused != nil && refused.Code != "invalid_scope":
			t.Fatalf("%q: %s, want invalid_scope", scope, refused.Code)
		case refused != nil && strings.ContainsFunc(refused.Description, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' }):
			t.Fatalf("%q: the description %q is not printable (RFC 6749 4.1.2.1)", scope, refused.Description)
		case refused == nil && !slices.Equal(asked, want):
			t.Fatalf("%q was read as %v, want %v", scope, asked, want)
		}
	})
}

// RFC 6749 5.2: a request that is refused gets an error, never a 5xx.
func FuzzTokenForm(f *testing.F) {
	for _, body := range []string{"grant_type=client_credentials&client_id=timesheets-cron&client_secret=x", "grant_type=refresh_token&refresh_token=x&client_id=timesheets-mobile", "grant_type=authorization_code&code=%00&client_id=timesheets-mobile&code_verifier=", "a=b&a=c", "%", "grant_type=password"} {
		f.Add(body, "")
	}
	f.Add("grant_type=client_credentials", "Basic dGltZXNoZWV0cy1jcm9uOg==")
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body, authorization string) {
		for _, path := range []string{pathToken, pathRevoke, pathIntrospect} {
			r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if authorization != "" {
				r.Header["Authorization"] = []string{authorization}
			}
			rec := httptest.NewRecorder()
			w.mux.ServeHTTP(rec, r)
			if rec.Code >= 500 {
				t.Fatalf("%s %q %q: %d %s", path, body, authorization, rec.Code, rec.Body)
			}
		}
	})
}

// RFC 6750 2.1: one token without spaces, or none.
func FuzzBearer(f *testing.F) {
	for _, h := range []string{"Bearer x", "bearer  x", "Bearer", "Bearer a b", "DPoP x", "Basic x", ""} {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, header string) {
		_, token, err := oauth.AccessToken(&http.Request{Header: http.Header{"Authorization": {header}}})
		if err == nil && (token == "" || strings.ContainsRune(token, ' ') || !strings.HasSuffix(strings.TrimRight(header, " "), token)) {
			t.Fatalf("%q gave %q", header, token)
		}
	})
}

// Whatever the form says, nothing is granted beyond what was asked for and
// what the role gives.
func FuzzConsentForm(f *testing.F) {
	f.Add("read:timesheets", "approve:timesheets batch:upload", true)
	f.Add("", "openid", false)
	w := newWorld(f)
	ctx := f.Context()
	person, err := w.people.Authenticate(ctx, "ada@example.com", "timesheets", "192.0.2.1")
	if err != nil {
		f.Fatal(err)
	}
	client, err := w.store.Client(ctx, "timesheets-spa")
	if err != nil {
		f.Fatal(err)
	}
	asked := []string{"openid", "offline_access", "read:timesheets", "approve:timesheets"}
	f.Fuzz(func(t *testing.T, one, more string, remember bool) {
		flow, err := w.parkFlow(t.Context(), "authorization", &authorizationRequest{ClientID: client.ID, Scopes: asked}, "")
		if err != nil {
			t.Fatal(err)
		}
		flow.Request.Scopes = asked
		who := &signedIn{Person: person}
		if err := w.decide(t.Context(), flow, who, client, allowed, w.ticked(flow, who, append(strings.Fields(more), one)), remember); err != nil {
			t.Fatal(err)
		}
		var q authorizationRequest
		after, err := w.loadFlow(t.Context(), "authorization", flow.Handle, &q)
		if err != nil {
			t.Fatal(err)
		}
		if !oauth.Subset(after.Granted, []string{"openid", "offline_access", "read:timesheets"}) || slices.Contains(after.Granted, "approve:timesheets") {
			t.Fatalf("granted %v", after.Granted)
		}
	})
}
