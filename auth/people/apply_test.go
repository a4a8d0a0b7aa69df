package people

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDeclaredPeopleCanBeLookedUp(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	want := Person{
		ID: "usr_grace", Email: "grace@example.com", Name: "Grace Hopper",
		Roles: []string{"manager", "employee"}, Permissions: []string{"approve", "create", "read"}, // what both roles give, once, sorted
	}
	if diff := cmp.Diff(want, r.person("usr_grace")); diff != "" {
		t.Errorf("Grace (-want +got):\n%s", diff)
	}
	for _, email := range []string{"ada@example.com", " ADA@Example.COM\t", "ａｄａ@example.com", "\u00a0ada@example.com"} {
		if p, err := r.byEmail(email); err != nil || p.ID != "usr_ada" || p.ReportsTo != "usr_grace" || !p.ShowOnLogin {
			t.Errorf("byEmail(%q) is %+v, %v; want Ada", email, p, err)
		}
	}
	people, err := r.List(t.Context())
	if got := ids(people); err != nil || !slices.Equal(got, []string{"usr_ada", "usr_grace"}) {
		t.Errorf("List is %v, %v", got, err)
	}
	for manager, want := range map[string][]string{"usr_grace": {"usr_ada"}, "usr_ada": {}, "": nil, "nobody": {}} {
		if got, err := r.Reports(t.Context(), manager); err != nil || !slices.Equal(got, want) {
			t.Errorf("Reports(%q) is %q, %v; want %q", manager, got, err, want)
		}
	}
	if _, err := r.Person(t.Context(), "usr_nobody"); !errors.Is(err, ErrNoPerson) {
		t.Errorf("an unknown id: %v, want ErrNoPerson", err)
	}
	if _, err := r.byEmail("nobody@example.com"); !errors.Is(err, ErrNoPerson) {
		t.Errorf("an unknown address: %v, want ErrNoPerson", err)
	}
}

func TestWhoIsNoLongerDeclaredIsDisabled(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	secret, _ := r.session(ada.ID)
	if err := r.Remember(t.Context(), ada.ID, "app", []string{"read"}, r.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if revoke := r.apply(true, grace); !slices.Equal(revoke, []string{"usr_ada"}) {
		t.Errorf("tokens to revoke: %q, want Ada's", revoke)
	}
	if p := r.person("usr_ada"); !p.Disabled || len(p.Permissions) != 0 {
		t.Errorf("Ada is %+v; want her disabled and with nothing to give", p)
	}
	if r.alive(secret) {
		t.Error("her session goes on")
	}
	if r.signsIn(ada.Email, ada.Password) {
		t.Error("she can sign in")
	}
	if people, _ := r.List(t.Context()); !slices.Equal(ids(people), []string{"usr_grace"}) {
		t.Errorf("List has %v", ids(people))
	}
	if reports, _ := r.Reports(t.Context(), "usr_grace"); len(reports) != 0 {
		t.Errorf("she still reports: %v", reports)
	}
	if revoke := r.apply(true, grace); len(revoke) != 0 {
		t.Errorf("the same document again revokes %q", revoke)
	}

	// Her address can be somebody else's now; her id stays hers.
	other := Declared{ID: "usr_ada2", Email: ada.Email, Name: "Another Ada", Password: "another password"}
	r.apply(true, grace, other)
	if p, _ := r.byEmail(ada.Email); p.ID != "usr_ada2" {
		t.Errorf("the address belongs to %q", p.ID)
	}

	// Declared again, she is back, and what ended stays ended.
	r.apply(true, ada, grace)
	if p := r.person("usr_ada"); p.Disabled || !r.signsIn(ada.Email, ada.Password) {
		t.Errorf("Ada is %+v; want her back", p)
	}
	if _, ok, _ := r.Remembered(t.Context(), ada.ID, "app"); ok || r.alive(secret) {
		t.Error("an old session or consent is back with her")
	}
}

func TestPasswordsFollowTheDocumentOnlyWhenItChangesThem(t *testing.T) {
	r := open(t)
	r.apply(false, ada, grace)
	if err := r.setPassword(ada.ID, "chosen at run time"); err != nil {
		t.Fatal(err)
	}
	secret, _ := r.session(ada.ID)

	renamed, changed := ada, grace
	renamed.Name = "Ada King"
	changed.Password = "a new password for Grace"
	if revoke := r.apply(false, renamed, changed); !slices.Equal(revoke, []string{"usr_grace"}) {
		t.Errorf("tokens to revoke: %q, want those of Grace, whose declared password changed", revoke)
	}
	if !r.signsIn(ada.Email, "chosen at run time") || r.signsIn(ada.Email, ada.Password) || !r.alive(secret) {
		t.Error("Ada's own password or session did not stay")
	}
	if !r.signsIn(grace.Email, changed.Password) || r.signsIn(grace.Email, grace.Password) {
		t.Error("Grace's new declared password does not count")
	}

	renamed.Password = "a new password for Ada"
	if revoke := r.apply(false, renamed, changed); !slices.Equal(revoke, []string{"usr_ada"}) || r.alive(secret) {
		t.Errorf("tokens to revoke: %q, want Ada's, and her session ended", revoke)
	}
	if !r.signsIn(ada.Email, renamed.Password) {
		t.Error("Ada's new declared password does not count")
	}
}

// A start on an existing file must be quick: 30 ms a hash are felt at once.
func TestAnUnchangedDocumentIsNotVerifiedPersonByPerson(t *testing.T) {
	for _, c := range []struct {
		name   string
		public bool
		most   int
	}{{"of one's own", false, 1}, {"built-in", true, 0}} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t)
			r.apply(c.public, ada, grace)
			r.restart()
			if n := r.checks(func() { r.apply(c.public, ada, grace) }); n != c.most {
				t.Errorf("%d passwords were checked, want %d", n, c.most)
			}
			if !r.signsIn(ada.Email, ada.Password) {
				t.Error("Ada cannot sign in after it")
			}
			// The shortcut must not hide a change.
			changed := ada
			changed.Password = "another password"
			r.apply(c.public, changed, grace)
			if !r.signsIn(ada.Email, changed.Password) {
				t.Error("a changed password was not seen")
			}
		})
	}
}

func TestAConfigurationAfterTheBuiltInOneTakesOver(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	revoke := r.apply(false, ada, grace)
	if len(revoke) != 0 || !r.signsIn(ada.Email, ada.Password) {
		t.Errorf("the same passwords were taken for new ones: %q", revoke)
	}
	var fingerprint string
	if err := r.file.Read().QueryRow(`SELECT credentials FROM declaration`).Scan(&fingerprint); err != nil || !strings.HasPrefix(fingerprint, "$argon2id$") {
		t.Errorf("the fingerprint of private passwords is %.12s…, which can be inverted", fingerprint)
	}
}

func TestRolesAreThoseOfTheLatestDocument(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	less := employee
	less.Permissions = []string{"read"}
	if _, err := r.Apply(t.Context(), []Role{less}, []Declared{ada}, true); err != nil {
		t.Fatal(err)
	}
	if p := r.person(ada.ID); !slices.Equal(p.Permissions, []string{"read"}) {
		t.Errorf("Ada may %q, want only what the role gives now", p.Permissions)
	}
}

func TestAddressesCanBeSwapped(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	a, g := ada, grace
	a.Email, g.Email = g.Email, a.Email
	r.apply(true, a, g)
	if p, err := r.byEmail(ada.Email); err != nil || p.ID != "usr_grace" {
		t.Errorf("%s belongs to %q, %v", ada.Email, p.ID, err)
	}
}

func TestNothingIsAppliedIfAnythingIsWrong(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	twin, long := grace, grace
	twin.Email = "ADA@example.com"
	long.Password = strings.Repeat("x", MaxPassword+1)
	for name, wrong := range map[string]Declared{"one address twice": twin, "a password too long": long} {
		changed := ada
		changed.Name = "Somebody"
		if _, err := r.Apply(t.Context(), nil, []Declared{changed, wrong}, true); err == nil {
			t.Errorf("%s was applied", name)
		}
		if p := r.person(ada.ID); p.Name != ada.Name || len(p.Permissions) == 0 {
			t.Errorf("%s was applied in part: %+v", name, p)
		}
	}
}

// Disabling people and revoking their tokens can be one unit, so that no
// crash comes between them.
func TestApplyJoinsAUnit(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	unit := r.file.Begin(t.Context())
	revoke, err := r.Apply(unit, nil, []Declared{grace}, true)
	if err != nil || !slices.Equal(revoke, []string{"usr_ada"}) {
		t.Fatalf("within a unit it returns %q, %v; want Ada, before anything is written", revoke, err)
	}
	r.file.Rollback(unit)
	if r.person(ada.ID).Disabled {
		t.Error("a unit that was rolled back has disabled her")
	}
}
