package auth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store"
)

// count is the number of rows of a table.
func (w *world) count(table string) (n int) {
	w.t.Helper()
	if err := w.disk.Read().QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if err := w.disk.Write(w.t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
		w.t.Fatal(err)
	}
}

// published is the key set as clients get it.
func (w *world) published() string {
	w.t.Helper()
	text, err := json.Marshal(w.keys.JWKS())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// used leaves something in every table.
func used(w *world) (code string, tokens tokenResponse) {
	w.t.Helper()
	tokens = w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	code = w.grant("alan@example.com", allScope)
	w.pushes(authorization())
	w.visit("alan@example.com").approves(w.television(allScope))
	w.exec(`INSERT INTO client_assertions (hash, expires_at) VALUES ('x', 1)`)
	w.exec(`INSERT INTO dpop_proofs (hash, expires_at) VALUES ('x', 1)`)
	w.exec(`INSERT INTO consents (person_id, client_id, scopes, granted_at, expires_at) VALUES ('usr_ada', 'timesheets-web', 'openid', 1, 9e15)`)
	if _, err := w.people.Authenticate(w.t.Context(), "ada@example.com", "wrong", "192.0.2.1"); err == nil {
		w.t.Fatal("a wrong password")
	}
	return code, tokens
}

var gone = []string{"flows", "pushed_requests", "families", "codes", "device_codes", "device_requests", "pkce", "oidc", "access_tokens", "refresh_tokens", "client_assertions", "dpop_proofs", "sessions", "consents", "login_attempts"}

func TestReset(t *testing.T) {
	w := newWorld(t)
	fresh, err := w.store.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	published, people := w.published(), w.count("people")
	alan, err := w.people.Person(t.Context(), "usr_alan")
	if err != nil {
		t.Fatal(err)
	}
	code, got := used(w)
	if _, err := w.people.SetPassword(t.Context(), alan, "chosen at run time", ""); err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE clients SET name = 'Renamed', disabled_at = 1 WHERE id = 'timesheets-web'`)
	w.exec(`UPDATE people SET disabled_at = 1, email_key = NULL WHERE id = 'usr_grace'`)
	w.exec(`INSERT INTO clients (id, name, kind, description, secret_hash, redirect_uris, post_logout_redirect_uris, grants, scopes, audience, auth_methods, id_token_alg, require_pkce, introspect, source, position, created_at, disabled_at)
		SELECT 'made-later', name, kind, description, secret_hash, redirect_uris, post_logout_redirect_uris, grants, scopes, audience,
		auth_methods, id_token_alg, require_pkce, introspect, 'runtime', NULL, created_at, disabled_at FROM clients WHERE id = 'timesheets-mobile'`)
	if _, err := w.store.Client(t.Context(), "made-later"); err != nil { // and remembered from now on
		t.Fatal(err)
	}
	for _, table := range gone {
		if w.count(table) == 0 {
			t.Errorf("the test leaves nothing in %s", table)
		}
	}
	if err := w.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range gone {
		if n := w.count(table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	if w.alive(got.AccessToken) {
		t.Error("an access token of before opens the API")
	}
	w.refused(w.exchange(code), 400, "invalid_grant")
	w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant")
	if _, err := w.store.Client(t.Context(), "made-later"); err == nil {
		t.Error("a client made at run time is still there")
	}
	now, err := w.store.Clients(t.Context())
	if err != nil || !slices.EqualFunc(now, fresh, func(a, b store.Client) bool { return a.ID == b.ID && a.Name == b.Name && a.Source == b.Source }) {
		t.Errorf("the clients are not as declared: %v %v", now, err)
	}
	if w.count("people") != people {
		t.Errorf("%d people, were %d", w.count("people"), people)
	}
	for _, email := range []string{"ada@example.com", "alan@example.com", "grace@example.com"} {
		if _, err := w.people.Authenticate(t.Context(), email, "timesheets", "192.0.2.7"); err != nil {
			t.Errorf("%s with the declared password: %v", email, err)
		}
	}
	if !w.alive(w.tokens(w.exchange(w.grant("ada@example.com", allScope))).AccessToken) {
		t.Error("nobody can begin anew")
	}
	w.open(w.document, true) // reads the keys from the file
	if w.published() != published {
		t.Error("the signing keys are not those of before")
	}
}

// A reset that cannot be written has not happened.
func TestResetIsOneCommit(t *testing.T) {
	w := newWorld(t)
	_, got := used(w)
	broken := errors.New("the room beside it fails")
	err := w.store.Unit(t.Context(), func(ctx context.Context) error {
		return errors.Join(w.Reset(ctx), w.disk.Write(ctx, func(*sql.Tx) error { return broken }))
	})
	if !errors.Is(err, broken) {
		t.Fatalf("%v", err)
	}
	if !w.alive(got.AccessToken) || w.count("sessions") == 0 || w.count("seeding") != 1 {
		t.Error("half a reset was written")
	}
}

// What one process remembers of the file is gone once another has set it back.
func TestAServerNoticesTheResetOfAnother(t *testing.T) {
	w := newWorld(t)
	first, mux := w.Server, w.mux
	w.open(w.document, true) // beside it, on the same file
	second := w.Server
	w.Server = first
	w.exec(`UPDATE clients SET redirect_uris = '[]', source = 'runtime' WHERE id = 'timesheets-spa'`)
	w.mux = mux
	cron := func(secret string) *httptest.ResponseRecorder {
		return w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {secret}})
	}
	for range secretBurst {
		w.refused(cron("wrong"), 401, "invalid_client")
	}
	w.refused(cron("timesheets-cron-secret"), 429, "invalid_client")
	if c, err := first.store.Client(t.Context(), "timesheets-spa"); err != nil || len(c.RedirectURIs) != 0 {
		t.Fatalf("%v %v", c, err)
	}
	for range 2 { // each time anew
		if err := second.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", issuer+"/login", nil)
		mux.ServeHTTP(httptest.NewRecorder(), r)
		if c, err := first.store.Client(t.Context(), "timesheets-spa"); err != nil || len(c.RedirectURIs) == 0 {
			t.Errorf("it remembers the client as it was: %v %v", c, err)
		}
		w.tokens(cron("timesheets-cron-secret")) // it remembers no wrong credentials
		w.exec(`UPDATE clients SET redirect_uris = '[]' WHERE id = 'timesheets-spa'`)
		first.store.Forget()
		if c, err := first.store.Client(t.Context(), "timesheets-spa"); err != nil || len(c.RedirectURIs) != 0 {
			t.Fatalf("%v %v", c, err)
		}
	}
}

func TestLastApplied(t *testing.T) {
	w := newWorld(t)
	builtin := document(t, seed.Builtin())
	last, err := LastApplied(t.Context(), w.disk.Read())
	if err != nil || !last.Known || !last.Builtin || !last.Same(builtin) {
		t.Fatalf("%+v %v", last, err)
	}
	other := *builtin
	other.People = slices.Clone(builtin.People)
	other.People[0].Password = "another one of its own"
	if !last.Same(&other) {
		t.Error("a password is part of the record: whoever has the file could try it out")
	}
	other.People[0].Name = "Somebody Else"
	if last.Same(&other) {
		t.Error("another document passes for the same")
	}
	w.open(&other, false)
	if last, err = LastApplied(t.Context(), w.disk.Read()); err != nil || last.Builtin || !last.Same(&other) {
		t.Errorf("%+v %v", last, err)
	}
	w.exec(`DELETE FROM seeding`)
	if last, err = LastApplied(t.Context(), w.disk.Read()); err != nil || last.Known || last.Same(&other) {
		t.Errorf("without a record: %+v %v", last, err)
	}
}
