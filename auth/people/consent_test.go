package people

import (
	"slices"
	"testing"
	"time"
)

func (r *room) remembered(personID, clientID string) []string {
	r.t.Helper()
	scopes, ok, err := r.Remembered(r.t.Context(), personID, clientID)
	if err != nil || ok != (len(scopes) > 0) {
		r.t.Fatalf("Remembered is %q, %v, %v", scopes, ok, err)
	}
	return scopes
}

func (r *room) remember(personID, clientID string, until time.Time, scopes ...string) {
	r.t.Helper()
	if err := r.Remember(r.t.Context(), personID, clientID, scopes, until); err != nil {
		r.t.Fatal(err)
	}
}

func TestConsentIsRememberedForOnePersonAndClient(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	month := r.now().Add(30 * 24 * time.Hour)
	r.remember(ada.ID, "app", month, "read", "openid", "read")
	r.restart()
	if got := r.remembered(ada.ID, "app"); !slices.Equal(got, []string{"openid", "read"}) {
		t.Errorf("remembered %q, want openid and read, once each", got)
	}
	if got := append(r.remembered(grace.ID, "app"), r.remembered(ada.ID, "web")...); len(got) != 0 {
		t.Errorf("it counts for somebody or something else: %q", got)
	}
}

// Never more than what was ticked last: not even together with what was
// ticked before.
func TestALaterConsentReplacesTheEarlier(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	later := r.now().Add(time.Hour)
	r.remember(ada.ID, "app", later, "read", "create")
	r.remember(ada.ID, "app", later, "read", "delete")
	if got := r.remembered(ada.ID, "app"); !sameSet(got, []string{"read", "delete"}) {
		t.Errorf("remembered %q", got)
	}
	r.remember(ada.ID, "app", later)
	if got := r.remembered(ada.ID, "app"); len(got) != 0 {
		t.Errorf("after nothing was ticked it still remembers %q", got)
	}
}

func TestForgottenClientAsksEverybodyAgain(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	later := r.now().Add(time.Hour)
	r.remember(ada.ID, "app", later, "read")
	r.remember(grace.ID, "app", later, "read")
	r.remember(ada.ID, "web", later, "read")
	if err := r.ForgetClient(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	if got := append(r.remembered(ada.ID, "app"), r.remembered(grace.ID, "app")...); len(got) != 0 {
		t.Errorf("not forgotten: %q", got)
	}
	if len(r.remembered(ada.ID, "web")) != 1 {
		t.Error("another client is forgotten with it")
	}
}

func TestConsentEnds(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	r.remember(ada.ID, "app", r.now().Add(time.Hour), "read")
	r.remember(ada.ID, "web", r.now().Add(2*time.Hour), "read")
	r.pass(time.Hour)
	if got := r.remembered(ada.ID, "app"); len(got) != 0 {
		t.Errorf("it goes on at its end: %q", got)
	}
	if err := r.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.query(`SELECT count(*) FROM consents`); n != 1 || len(r.remembered(ada.ID, "web")) != 1 {
		t.Errorf("purging left %d consents, want the one that still counts", n)
	}
	for range 2 {
		if err := r.Forget(t.Context(), ada.ID, "web"); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.remembered(ada.ID, "web"); len(got) != 0 {
		t.Errorf("it was not forgotten: %q", got)
	}
}
