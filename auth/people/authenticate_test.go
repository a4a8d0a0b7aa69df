package people

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
)

// OWASP ASVS 6.2.8: exactly as typed, no truncation, no case or form change.
func provesPasswordsAreComparedExactly(t *testing.T) {
	long := strings.Repeat("0123456789", 10) // bcrypt would stop after 72 bytes
	for _, c := range []struct{ password, other string }{
		{"timesheets", "Timesheets"},
		{"timesheets", "timesheets "},
		{" timesheets", "timesheets"},
		{"time\x00sheets", "time"},
		{long, long[:99]},
		{"p\u00e4ssword", "pa\u0308ssword"}, // the same letters, composed and not
		{strings.Repeat("x", MaxPassword), strings.Repeat("x", MaxPassword+1)},
	} {
		r := open(t)
		d := ada
		d.Password = c.password
		r.apply(true, d)
		if !r.signsIn(ada.Email, c.password) {
			t.Errorf("%.20q does not sign in", c.password)
		}
		if r.signsIn(ada.Email, c.other) {
			t.Errorf("%.20q signs in as %.20q", c.other, c.password)
		}
	}
}

func TestAuthenticateReturnsThePerson(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	p, err := r.Authenticate(t.Context(), " Grace@Example.com ", grace.Password, "192.0.2.1")
	if err != nil || p.ID != "usr_grace" || len(p.Permissions) != 3 {
		t.Errorf("it is %+v, %v; want Grace with what her roles give", p, err)
	}
}

// OWASP ASVS 6.3.8: neither the error nor the work tells whether an account
// exists. The work is one hash with the same parameters each time.
func provesUnknownAndDisabledCostTheSame(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	r.apply(true, ada) // Grace is disabled
	var params []argon2id.Params
	real := r.verify
	r.verify = func(password, hash string) (bool, *argon2id.Params, error) {
		ok, made, err := real(password, hash)
		params = append(params, *made)
		return ok, made, err
	}
	for name, try := range map[string][2]string{
		"wrong":           {ada.Email, "wrong password"},
		"unknown":         {"nobody@example.com", "wrong password"},
		"disabled, right": {grace.Email, grace.Password},
		"no address":      {"", "wrong password"},
		"a huge address":  {strings.Repeat("a", 1<<20), "wrong password"},
		"no password":     {ada.Email, ""},
		"too long":        {ada.Email, strings.Repeat("x", MaxPassword+1)},
	} {
		params = nil
		_, err := r.Authenticate(t.Context(), try[0], try[1], "192.0.2.1")
		if err != ErrWrongCredentials {
			t.Errorf("%s: %v, want the very same ErrWrongCredentials", name, err)
		}
		if len(params) != 1 || params[0] != *strength {
			t.Errorf("%s: hashed with %+v, want once with %+v", name, params, *strength)
		}
		r.pass(pairWindow)
	}
}

// OWASP ASVS appendix C, the floor for argon2id.
func provesStrength(t *testing.T) {
	if strength.Memory < 19456 || strength.Iterations < 2 || strength.Parallelism < 1 || strength.SaltLength < 16 {
		t.Errorf("passwords are hashed with %+v", *strength)
	}
	made, _, _, err := argon2id.DecodeHash(dummyHash)
	if err != nil || *made != *strength {
		t.Errorf("the dummy hash is of %+v, %v; it takes another time than real ones", made, err)
	}
}

func provesWeakHashesAreRenewedAtSignIn(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	weak := *strength
	weak.Memory /= 2
	old, err := argon2id.CreateHash(ada.Password, &weak)
	if err != nil {
		t.Fatal(err)
	}
	r.exec(`UPDATE people SET password_hash = ? WHERE id = ?`, old, ada.ID)
	if r.signsIn(ada.Email, "wrong password"); r.hashOf(ada.ID) != old {
		t.Error("a wrong password renewed the hash")
	}
	if !r.signsIn(ada.Email, ada.Password) {
		t.Fatal("the weak hash does not sign in")
	}
	renewed := r.hashOf(ada.ID)
	if made, _, _, err := argon2id.DecodeHash(renewed); err != nil || *made != *strength {
		t.Errorf("after sign-in the hash has %+v, %v", made, err)
	}
	if !r.signsIn(ada.Email, ada.Password) || r.hashOf(ada.ID) != renewed {
		t.Error("the renewed hash does not sign in, or is renewed for ever")
	}
}

// The password may be changed while the old one is being checked; renewing the
// hash must not bring the old one back.
func TestRenewingAHashLosesToANewPassword(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	weak := *strength
	weak.Memory /= 2
	real := r.verify
	r.verify = func(password, hash string) (bool, *argon2id.Params, error) {
		r.exec(`UPDATE people SET password_hash = 'a new hash' WHERE id = ?`, ada.ID)
		ok, _, err := real(password, hash)
		return ok, &weak, err
	}
	r.signsIn(ada.Email, ada.Password)
	if got := r.hashOf(ada.ID); got != "a new hash" {
		t.Errorf("the new password's hash was replaced by %.20s…", got)
	}
}

// 19 MiB each: what runs at once must be bounded, whoever asks.
func provesAtMostTwoHashesAtOnce(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	var running, most atomic.Int32
	r.verify = func(string, string) (bool, *argon2id.Params, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(20 * time.Millisecond) // room for a third to come in
		return true, strength, nil
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := r.Authenticate(t.Context(), ada.Email, "right", "192.0.2.1"); err != nil {
				t.Errorf("a right password among many at once: %v", err)
			}
		})
	}
	all.Wait()
	if most.Load() != 2 {
		t.Errorf("%d hashes ran at once, want 2", most.Load())
	}
}

func TestWaitingForAPlaceToHashEndsWithTheRequest(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	for range maxHashes {
		release, err := r.queue.enter(t.Context(), party{})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Authenticate(ctx, ada.Email, ada.Password, "192.0.2.1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left still waits: %v", err)
	}
}

func TestSetPassword(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	hers, _ := r.session(ada.ID)
	also, _ := r.session(ada.ID)
	others, _ := r.session(grace.ID)
	if err := r.setPassword(ada.ID, "chosen at run time"); err != nil {
		t.Fatal(err)
	}
	if r.signsIn(ada.Email, ada.Password) || !r.signsIn(ada.Email, "chosen at run time") {
		t.Error("the old password counts, or the new one does not")
	}
	if r.alive(hers) || r.alive(also) || !r.alive(others) {
		t.Error("her sessions go on, or another's ended")
	}
	for id, want := range map[string]error{"usr_nobody": ErrNoPerson, ada.ID: nil} {
		if err := r.setPassword(id, "chosen later on"); !errors.Is(err, want) {
			t.Errorf("SetPassword(%s): %v, want %v", id, err, want)
		}
	}
	for _, password := range []string{"", "seven77", strings.Repeat("x", MaxPassword+1)} {
		if err := r.setPassword(ada.ID, password); !errors.Is(err, ErrPasswordLength) {
			t.Errorf("a password of %d bytes: %v, want ErrPasswordLength", len(password), err)
		}
	}
	for _, password := range []string{"Timesheets", "PASSWORD1!", "aaaaaaaaaa", "abcdefghij", "12345678", "adalovelace", strings.ToUpper(ada.Email)} {
		if err := r.setPassword(ada.ID, password); !errors.Is(err, ErrPasswordGuessable) {
			t.Errorf("%q: %v, want ErrPasswordGuessable", password, err)
		}
	}
	r.apply(true, grace)
	if err := r.setPassword(ada.ID, "while disabled"); !errors.Is(err, ErrNoPerson) {
		t.Errorf("of somebody disabled: %v, want ErrNoPerson", err)
	}
}

func (r *room) hashOf(id string) (hash string) {
	r.t.Helper()
	if err := r.file.Read().QueryRow(`SELECT password_hash FROM people WHERE id = ?`, id).Scan(&hash); err != nil {
		r.t.Fatal(err)
	}
	return hash
}
