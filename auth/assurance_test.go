package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a token says of the sign-in (OIDC Core 2) stays as it is through every
// refresh: RFC 9068 2.2.1, the person has proved nothing anew.
func TestHowThePersonProvedIt(t *testing.T) {
	w := newWorld(t)
	signedInAt := w.clock.now()
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	says := func(when string) {
		t.Helper()
		token, err := w.Verify(t.Context(), got.AccessToken, "")
		if err != nil || token.ACR != acrPassword || !slices.Equal(token.AMR, []string{"pwd"}) || !token.AuthTime.Equal(signedInAt) {
			t.Errorf("%s: %q by %v at %v, %v", when, token.ACR, token.AMR, token.AuthTime, err)
		}
		for kind, jwt := range map[string]string{"access token": got.AccessToken, "ID token": got.IDToken} {
			if c := payload(t, jwt); c.ACR != acrPassword || !slices.Equal(c.AMR, []string{"pwd"}) || c.AuthTime != signedInAt.Unix() {
				t.Errorf("%s: the %s says %+v", when, kind, c)
			}
		}
	}
	says("at first")
	for range 2 {
		w.clock.pass(time.Hour)
		got = w.tokens(w.refresh(got.RefreshToken))
	}
	says("after two refreshes")

	gateway := url.Values{"client_id": {"timesheets-gateway"}, "client_secret": {"timesheets-gateway-secret"}}
	gateway.Set("token", got.AccessToken)
	if body := w.post(pathIntrospect, gateway).Body.String(); !strings.Contains(body, `"acr":"`+acrPassword+`"`) || !strings.Contains(body, `"auth_time":`) {
		t.Errorf("introspection says %s (RFC 9470 6.2)", body)
	}
	// Nobody stands behind a machine's token, so there is nothing to say.
	cron := w.tokens(w.post(pathToken, machine)).AccessToken
	gateway.Set("token", cron)
	if c, body := payload(t, cron), w.post(pathIntrospect, gateway).Body.String(); c.ACR != "" || c.AMR != nil || c.AuthTime != 0 || strings.Contains(body, "auth_time") || strings.Contains(body, "acr") {
		t.Errorf("a machine's token says %+v, introspection %s", c, body)
	}
}

// The class is that of what was done, over what: never more.
func TestACR(t *testing.T) {
	for _, row := range []struct {
		amr    []string
		secure bool
		want   string
	}{
		{[]string{"pwd"}, false, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
		{[]string{"pwd"}, true, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"},
		{nil, true, ""}, // a grant that was kept before amr was
		{[]string{"face"}, true, ""},
	} {
		if got := (&Server{secure: row.secure}).acr(row.amr); got != row.want {
			t.Errorf("%v over https %v: %q, want %q", row.amr, row.secure, got, row.want)
		}
	}
}

// acr_values is voluntary (OIDC Core 3.1.2.1): whatever is asked for, the
// request goes on.
func TestACRValuesTurnNobodyAway(t *testing.T) {
	w := newWorld(t)
	for _, values := range []string{acrPassword, "1 2", "urn:example:hardware", strings.Repeat("x", 3000)} {
		r := httptest.NewRequest(http.MethodGet, issuer+"/authorize?"+authorization("acr_values", values).Encode(), nil)
		rec := httptest.NewRecorder()
		w.mux.ServeHTTP(rec, r)
		if to := rec.Header().Get("Location"); rec.Code != http.StatusSeeOther || !strings.HasPrefix(to, pathLogin+"?flow=") {
			t.Errorf("acr_values=%.40s: %d to %q, want the login page", values, rec.Code, to)
		}
	}
}

// authorization is a good request of the native app, with changes.
func authorization(changes ...string) url.Values {
	q := url.Values{
		"client_id": {"timesheets-mobile"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid read:timesheets"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"xyz"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}
