package store

import (
	"database/sql"
	"reflect"
	"slices"
	"testing"

	"github.com/ory/fosite"
)

// full is a client with every field set to something of its own.
var full = Client{
	ID: "full", Name: "Full", Kind: "web", Description: "With everything", SecretHash: HashSecret("hunter2"),
	RedirectURIs: []string{"{base}/app/callback", "http://localhost:3000/callback"}, PostLogoutRedirectURIs: []string{"{base}/app/"},
	Grants: []string{"authorization_code", "refresh_token"}, Scopes: []string{"openid", "read"}, Audience: []string{"{base}/api"},
	AuthMethods: []string{"client_secret_basic", "client_secret_post"}, IDTokenAlg: "ES256", RequirePKCE: true, Introspect: true,
}

func TestClientRoundTrip(t *testing.T) {
	f := open(t)
	_, err := f.ApplyClients(t.Context(), []Client{full})
	must(t, err)
	want := *full.clone()
	want.RedirectURIs[0], want.PostLogoutRedirectURIs[0], want.Audience[0] = "https://id.example/app/callback", "https://id.example/app/", "https://id.example/api"
	want.Source, want.CreatedAt = SourceConfig, f.clock.now()
	for range 3 { // from the file, from the cache, and from the cache after somebody changed its answer
		got, err := f.Client(t.Context(), "full")
		must(t, err)
		if !reflect.DeepEqual(*got, want) {
			t.Fatalf("\ngot  %+v\nwant %+v", *got, want)
		}
		got.RedirectURIs[0], got.Scopes = "https://evil.example", append(got.Scopes, "admin") // the caller's to change
	}
	all, err := f.Clients(t.Context())
	must(t, err)
	if len(all) != 1 || !reflect.DeepEqual(all[0], want) {
		t.Errorf("Clients: %+v", all)
	}
	var stored string
	must(t, f.file.Read().QueryRow(`SELECT redirect_uris || post_logout_redirect_uris || audience FROM clients WHERE id = 'full'`).Scan(&stored))
	if want := `["{base}/app/callback","http://localhost:3000/callback"]["{base}/app/"]["{base}/api"]`; stored != want {
		t.Errorf("stored %s, want %s: the base must not be stored", stored, want)
	}
	if full.RedirectURIs[0] != "{base}/app/callback" {
		t.Error("the declaration was changed")
	}
}

func TestClientDefaults(t *testing.T) {
	f := open(t)
	app, err := f.Client(t.Context(), "app")
	must(t, err)
	other, err := f.Client(t.Context(), "other")
	must(t, err)
	if app.IDTokenAlg != "RS256" {
		t.Errorf("id_token alg %q, want RS256 (OIDC Core 2)", app.IDTokenAlg)
	}
	if !app.IsPublic() || other.IsPublic() {
		t.Errorf("public: app %v, other %v; only the one without a secret is", app.IsPublic(), other.IsPublic())
	}
	if !slices.Equal(app.GetResponseTypes(), fosite.Arguments{"code"}) || len(other.GetResponseTypes()) != 0 {
		t.Errorf("response types: app %v, other %v", app.GetResponseTypes(), other.GetResponseTypes())
	}
	for secret, want := range map[string]bool{"a secret of another client": true, "a secret of another clienT": false, "": false, other.SecretHash: false} {
		if other.SecretMatches(secret) != want {
			t.Errorf("SecretMatches(%q) is %v", secret, !want)
		}
	}
	if app.SecretMatches("") {
		t.Error("the empty secret matches a public client")
	}
	if got := HashSecret("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" { // FIPS 180-2, B.1
		t.Errorf("HashSecret(abc) = %s", got)
	}
}

func TestApplyClients(t *testing.T) {
	f := open(t)
	b := backend{contract: f.Store, clock: f.clock}
	ctx := t.Context()
	// As registration at run time would leave it.
	must(t, f.file.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(upsertClient, "runtime", "R", "native", "", "", "RS256", true, false, false, "", false, SourceRuntime, 1, "[]", "[]", "[]", "[]", "[]", "[]", nil)
		return err
	}))
	b.grant(t, "of-app")
	names := func() (out []string) {
		all, err := f.Clients(ctx)
		must(t, err)
		for _, c := range all {
			out = append(out, c.ID+" "+c.Name)
		}
		return out
	}
	if got, want := names(), []string{"app App", "other Other", "runtime R"}; !slices.Equal(got, want) {
		t.Fatalf("clients %v, want %v", got, want)
	}

	created := f.clock.now()
	f.clock.advance(1000)
	renamed := clients[0]
	renamed.Name = "Renamed"
	disabled, err := f.ApplyClients(ctx, []Client{full, renamed})
	must(t, err)
	if !slices.Equal(disabled, []string{"other"}) {
		t.Errorf("disabled %v, want other alone", disabled)
	}
	if got, want := names(), []string{"full Full", "app Renamed", "runtime R"}; !slices.Equal(got, want) {
		t.Errorf("clients %v, want %v", got, want)
	}
	app, err := f.Client(ctx, "app") // the cache had the old one
	if must(t, err); app.Name != "Renamed" || !app.CreatedAt.Equal(created) {
		t.Errorf("app is %q of %v", app.Name, app.CreatedAt)
	}
	b.alive(t, "of-app", true)

	disabled, err = f.ApplyClients(ctx, []Client{full})
	must(t, err)
	if !slices.Equal(disabled, []string{"app"}) {
		t.Errorf("disabled %v; other was so already", disabled)
	}
	if _, err := f.Client(ctx, "app"); err != fosite.ErrNotFound {
		t.Errorf("a disabled client: %v", err)
	}

	// Declared again it works again, and what was revoked stays so.
	_, err = f.ApplyClients(ctx, clients)
	must(t, err)
	b.alive(t, "of-app", false)
	b.grant(t, "new")
	b.alive(t, "new", true)
}

func TestApplyClientsIsAllOrNothing(t *testing.T) {
	f := open(t)
	for name, declared := range map[string][]Client{"twice": {full, full}, "without an id": {full, {Name: "nobody"}}} {
		if disabled, err := f.ApplyClients(t.Context(), declared); err == nil || disabled != nil {
			t.Errorf("%s: disabled %v, error %v", name, disabled, err)
		}
		all, err := f.Clients(t.Context())
		must(t, err)
		if len(all) != 2 || all[0].ID != "app" || all[1].ID != "other" {
			t.Errorf("%s: clients are now %+v", name, all)
		}
	}
}

// A client that was read before a change must not enter the cache after it.
func TestCacheNeverBringsBackAnOldClient(t *testing.T) {
	f := open(t)
	old, generation := f.clients.get("app")
	if old != nil {
		t.Fatal("nobody has asked for it yet")
	}
	old, err := f.Client(t.Context(), "app")
	must(t, err)
	f.without(t, "app")
	f.clients.put(generation, old)
	if _, err := f.Client(t.Context(), "app"); err != fosite.ErrNotFound {
		t.Errorf("a disabled client came back from the cache: %v", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	f := open(t)
	for i := range 3 * maxCached {
		f.clients.put(0, &Client{ID: string(rune(i))})
	}
	_, generation := f.clients.get("app")
	if generation != 1 {
		t.Fatalf("generation %d, ApplyClients ran once", generation)
	}
	for i := range 3 * maxCached {
		f.clients.put(generation, &Client{ID: string(rune(i))})
	}
	if n := len(f.clients.byID); n == 0 || n > maxCached {
		t.Errorf("%d clients are cached, at most %d may be", n, maxCached)
	}
}
