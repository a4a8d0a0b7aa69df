package auth

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"testing"
)

// RFC 9068 4: iss is compared byte for byte. A server started again with a
// trailing slash on its issuer has the same keys, file and APIs; iss alone
// tells the old tokens apart.
func TestVerifyComparesTheIssuer(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	if !w.alive(got.AccessToken) {
		t.Fatal("a fresh token is dead")
	}
	w.issuer = issuer + "/"
	if w.alive(got.AccessToken) {
		t.Error("a token of another issuer opens the API")
	}
}

// OIDC Core 3.1.2.1 and RP-Initiated Logout 4: a hint is an ID token that this
// issuer has given.
func TestHintOfAnotherIssuer(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	if _, err := w.hint(got.IDToken); err != nil {
		t.Fatalf("our own ID token: %v", err)
	}
	w.issuer = issuer + "/"
	if _, err := w.hint(got.IDToken); err == nil {
		t.Error("an ID token of another issuer was taken for a hint")
	}
}

// RFC 6749 10.5: one answer, and one code of it, however many come at once.
// The pages look at the flow before they write; only the write itself counts.
func TestAFlowIsDecidedAndSpentOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	f, err := w.parkFlow(ctx, "authorization", &authorizationRequest{Scopes: []string{"openid"}}, "browser")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.decideFlow(ctx, f, denied, "usr_ada", nil); err != nil {
		t.Fatal(err)
	}
	if err := w.decideFlow(ctx, f, allowed, "usr_ada", []string{"openid"}); !errors.Is(err, errSpent) {
		t.Errorf("decided twice: %v, want errSpent", err)
	}
	var q authorizationRequest
	if now, err := w.loadFlow(ctx, "authorization", f.Handle, &q); err != nil || now.Decision != denied {
		t.Errorf("the second answer replaced the first: %q, %v", now.Decision, err)
	}
	if err := w.spendFlow(ctx, f); err != nil {
		t.Fatal(err)
	}
	if err := w.spendFlow(ctx, f); !errors.Is(err, errSpent) {
		t.Errorf("spent twice: %v, want errSpent", err)
	}
	open, err := w.parkFlow(ctx, "authorization", &q, "browser")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.spendFlow(ctx, open); err != nil {
		t.Fatal(err)
	}
	if err := w.decideFlow(ctx, open, allowed, "usr_ada", []string{"openid"}); !errors.Is(err, errSpent) {
		t.Errorf("decided after it was spent: %v, want errSpent", err)
	}
}

// RFC 8252 8.4: only the port of a loopback URI may differ. RFC 6749 3.1.2: a
// fragment is refused even where somebody registered one.
func TestAdmitsNoOtherPathOrFragment(t *testing.T) {
	for _, uri := range []string{"http://127.0.0.1:5/callback2", "http://127.0.0.1:5/", "http://127.0.0.1:5", "http://[::1]:5/callback/x"} {
		if admits(nativeURIs, true, uri) {
			t.Errorf("%s was admitted", uri)
		}
	}
	for _, uri := range []string{"https://app.example/cb#f", "https://app.example/cb#", "https://u@app.example/cb", "https://app.example/c b"} {
		if admits([]string{uri}, false, uri) {
			t.Errorf("%s was admitted because it is registered", uri)
		}
	}
}

// RFC 6749 4.4: with client_credentials nobody signs in, so nobody is
// identified and nothing is kept alive, also for a client that may ask people
// for both.
func TestMachinesGetNoIdentity(t *testing.T) {
	w := newWorld(t)
	ask := func(scope string) *httptest.ResponseRecorder {
		return w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-web"}, "client_secret": {"timesheets-web-secret"}, "scope": {scope}})
	}
	for _, scope := range []string{"openid", "openid offline_access", "batch:upload", "read:timesheets nonsense"} {
		w.refused(ask(scope), 400, "invalid_scope")
	}
	// RFC 6749 3.3: beside something that it can have, they are left out.
	for _, scope := range []string{"read:timesheets offline_access", "openid email read:timesheets", "read:timesheets batch:upload"} {
		if got := w.tokens(ask(scope)); got.Scope != "read:timesheets" || got.IDToken != "" || got.RefreshToken != "" {
			t.Errorf("%s: scope %q, ID token %v, refresh token %v", scope, got.Scope, got.IDToken != "", got.RefreshToken != "")
		}
	}
	// Without scope it gets all that the client may have, at APIs.
	if got := w.tokens(ask("")); got.Scope != "read:timesheets create:timesheets delete:timesheets approve:timesheets" {
		t.Errorf("the default is %q", got.Scope)
	}
	if got := w.tokens(ask("read:timesheets")); got.Scope != "read:timesheets" || got.IDToken != "" || got.RefreshToken != "" {
		t.Errorf("scope %q, ID token %v, refresh token %v", got.Scope, got.IDToken != "", got.RefreshToken != "")
	}
}
