package auth

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/keys"
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
	w.slash = "/"
	w.open(w.document, true)
	if w.alive(got.AccessToken) {
		t.Error("a token of another issuer opens the API")
	}
}

// OIDC Core 3.1.2.1 and RP-Initiated Logout 4: a hint is an ID token that this
// issuer has given.
func TestHintOfAnotherIssuer(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	if _, err := w.hint(t.Context(), got.IDToken); err != nil {
		t.Fatalf("our own ID token: %v", err)
	}
	w.issuer = issuer + "/"
	if _, err := w.hint(t.Context(), got.IDToken); err == nil {
		t.Error("an ID token of another issuer was taken for a hint")
	}
}

// RP-Initiated Logout 4, OIDC Core 3.1.2.1: an app still holds the ID token of
// its session when the key is long rotated out and no longer published.
func TestHintOfAKeyThatWasRotatedOut(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	if _, err := keys.Rotate(t.Context(), keys.Config{Writer: w.disk, Read: w.disk.Read(), Now: w.now, Log: w.log}); err != nil {
		t.Fatal(err)
	}
	for _, pass := range []time.Duration{time.Second, time.Minute, time.Hour, 30 * 24 * time.Hour, 58 * 24 * time.Hour} {
		w.clock.pass(pass)
		w.open(w.document, true) // reads the keys that there are, and settles those that are retired
		w.refreshKeys(t.Context())
		if err := w.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		q, err := w.parseLogout(t.Context(), url.Values{"id_token_hint": {got.IDToken}, "post_logout_redirect_uri": {"http://127.0.0.1"}, "client_id": {"timesheets-mobile"}})
		if err != nil || !q.Hinted || q.SID == "" {
			t.Errorf("sign-out after %s: %v", pass, err)
		}
		form := authorization()
		form.Set("id_token_hint", got.IDToken)
		if a, err := w.parseAuthorization(t.Context(), form); err != nil || a.Hinted != "usr_ada" {
			t.Errorf("authorization after %s: %v", pass, err)
		}
	}
	if w.alive(got.AccessToken) {
		t.Error("an access token of the old key opens something")
	}
	w.clock.pass(3 * 24 * time.Hour) // longer than any grant lives
	if _, err := w.hint(t.Context(), got.IDToken); err == nil {
		t.Error("a hint is believed for ever")
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

// A decision and the consent that is remembered with it are written together
// or not at all: a person whose consent could not be kept is told so, and the
// flow still waits for their answer.
func TestADecisionIsWrittenWholeOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	person, err := w.people.Authenticate(t.Context(), "ada@example.com", "timesheets", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	client, err := w.store.Client(t.Context(), "timesheets-spa")
	if err != nil {
		t.Fatal(err)
	}
	q := authorizationRequest{ClientID: client.ID, Scopes: []string{"openid", "read:timesheets"}}
	f, err := w.parkFlow(t.Context(), "authorization", &q, "browser")
	if err != nil {
		t.Fatal(err)
	}
	f.Request = q
	decide := func() error {
		return w.decide(t.Context(), f, &signedIn{Person: person}, client, allowed, q.Scopes, true)
	}
	w.disk.bad.Store(2) // the decision is queued, the consent is not
	if err := decide(); !errors.As(err, new(diskFull)) {
		t.Errorf("error %v, want that of the disk", err)
	}
	if now, err := w.loadFlow(t.Context(), "authorization", f.Handle, &q); err != nil || now.Decision != undecided {
		t.Errorf("half of it was written: decision %q, %v", now.Decision, err)
	}
	if err := decide(); err != nil {
		t.Errorf("the second try: %v", err)
	}
	if scopes, ok, err := w.people.Remembered(t.Context(), person.ID, client.ID); !ok || len(scopes) != 2 || err != nil {
		t.Errorf("remembered %v, %t, %v", scopes, ok, err)
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
