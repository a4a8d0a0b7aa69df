package people

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
)

// OWASP ASVS 7.4.3 and 7.2.4: the browser in which it was changed stays signed
// in, by a new secret, and is the only one.
func TestAPasswordChangeKeepsOneSession(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	here, kept := r.session(ada.ID)
	there, _ := r.session(ada.ID)
	r.pass(seenEvery)
	secret, err := r.SetPassword(t.Context(), r.whois(ada.ID), "chosen at run time", kept.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r.alive(here) || r.alive(there) || !r.alive(secret) {
		t.Error("the secret of before opens the session, another browser is signed in, or this one is not")
	}
	now, _, err := r.Session(t.Context(), secret)
	if err != nil || now.ID != kept.ID || !now.AuthTime.Equal(r.now()) {
		t.Errorf("session %q of %v, want %q, authenticated now (%v)", now.ID, now.AuthTime, kept.ID, err)
	}
	// A session that was ended from another browser, or somebody else's, changes nothing.
	_, others := r.session(grace.ID)
	for _, keep := range []string{"ended", others.ID} {
		if _, err := r.SetPassword(t.Context(), r.whois(ada.ID), "by whoever sat there", keep); !errors.Is(err, ErrNoSession) {
			t.Errorf("from the session %q: %v, want ErrNoSession", keep, err)
		}
	}
	if !r.signsIn(ada.Email, "chosen at run time") || !r.alive(secret) {
		t.Error("what failed has changed something")
	}
}

// Who has passed the check of a password that is changed in the same moment
// starts no session with it.
func TestNoSessionByAPasswordOfBefore(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	early, err := r.Authenticate(t.Context(), ada.Email, ada.Password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func() error{
		"by herself":        func() error { return r.setPassword(ada.ID, "chosen at run time") },
		"by the document":   func() error { d := ada; d.Password = "a new one for Ada"; r.apply(true, d, grace); return nil },
		"back by the reset": func() error { _ = r.setPassword(ada.ID, "chosen once more"); return r.Reset(t.Context()) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.StartSession(t.Context(), early, "", ""); !errors.Is(err, ErrWrongCredentials) {
			t.Errorf("changed %s: %v, want ErrWrongCredentials", name, err)
		}
		early = r.whois(ada.ID)
	}
}

// Of fifty changes at once that all knew the current password, one wins.
func TestOnePasswordChangeAtATime(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	who := r.whois(ada.ID)
	var all sync.WaitGroup
	results := make(chan error, 50)
	for range 50 {
		all.Go(func() {
			_, err := r.SetPassword(t.Context(), who, "chosen at run time", "")
			results <- err
		})
	}
	all.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrWrongCredentials) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d changes went through, want 1", won)
	}
}

// The sign-ins and the change run at once: whichever comes first, no session
// is left that the old password began.
func TestSignInsDuringAPasswordChange(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	who := r.whois(ada.ID)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, _, err := r.StartSession(t.Context(), who, "", ""); err != nil && !errors.Is(err, ErrWrongCredentials) {
				t.Error(err)
			}
		})
	}
	if err := r.setPassword(ada.ID, "chosen at run time"); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	var n int
	err := r.file.Write(context.WithoutCancel(t.Context()), func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM sessions`).Scan(&n)
	})
	if err != nil || n != 0 {
		t.Errorf("%d sessions of the old password, %v", n, err)
	}
}
