package people

import (
	"testing"
	"time"
)

func TestReset(t *testing.T) {
	r := open(t)
	r.apply(false, ada, grace)
	secret, _ := r.session("usr_ada")
	if err := r.Remember(t.Context(), "usr_grace", "app", []string{"read"}, r.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if r.signsIn("grace@example.com", "a wrong one") {
		t.Fatal("a wrong password")
	}
	if err := r.setPassword("usr_grace", "chosen at run time"); err != nil {
		t.Fatal(err)
	}
	if err := r.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"sessions", "consents", "login_attempts"} {
		if n := r.query(`SELECT count(*) FROM ` + table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	if r.alive(secret) {
		t.Error("still signed in")
	}
	if r.signsIn("grace@example.com", "chosen at run time") || !r.signsIn("grace@example.com", grace.Password) || !r.signsIn("ada@example.com", ada.Password) {
		t.Error("the passwords are not those that were declared")
	}
	if n := r.query(`SELECT count(*) FROM people`); n != 2 {
		t.Errorf("%d people", n)
	}
}
