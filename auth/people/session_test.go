package people

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestASessionIsWhoStartedIt(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	secret, started, err := r.StartSession(t.Context(), r.whois(ada.ID), "Mozilla/5.0", "")
	if err != nil {
		t.Fatal(err)
	}
	// OWASP ASVS 7.2.3: at least 128 bits; here 256 for the cookie.
	if len(secret) != 43 || len(started.ID) < 22 || strings.Contains(secret, started.ID) {
		t.Errorf("secret has %d characters, id %q", len(secret), started.ID)
	}
	want := Session{
		ID: started.ID, Number: 1, PersonID: "usr_ada", AuthTime: r.now(), CreatedAt: r.now(), LastSeenAt: r.now(),
		ExpiresAt: r.now().Add(SessionLife), UserAgent: "Mozilla/5.0", AMR: []string{"pwd"},
	}
	r.restart()
	got, person, err := r.Session(t.Context(), secret)
	if err != nil || person.ID != ada.ID || len(person.Permissions) == 0 {
		t.Fatalf("it is of %+v, %v", person, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, started); diff != "" {
		t.Errorf("as started (-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"", started.ID, secret[:42], secret + "A", ledger.Hash(secret)} {
		if r.alive(wrong) {
			t.Errorf("%q opens the session", wrong)
		}
	}
}

// OWASP ASVS 7.2.4, session fixation: what was in the browser before a login
// is worth nothing after it.
func TestLoginAlwaysStartsAnewAndEndsTheOld(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	old, first := r.session(ada.ID)
	other, _ := r.session(ada.ID) // in another browser
	secret, second, err := r.StartSession(t.Context(), r.whois(grace.ID), "Mozilla/5.0", old)
	if err != nil || secret == old || second.ID == first.ID {
		t.Fatalf("the new session is the old one, or %v", err)
	}
	if r.alive(old) || !r.alive(secret) || !r.alive(other) {
		t.Error("the old session goes on, or another one ended")
	}
	planted := strings.Repeat("A", 43)
	if secret, _, err := r.StartSession(t.Context(), r.whois(ada.ID), "", planted); err != nil || secret == planted || r.alive(planted) {
		t.Errorf("a planted secret was taken over, or %v", err)
	}
}

func TestNobodyGetsASessionWhoCannotSignIn(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	r.apply(true, grace)
	kept, _ := r.session(grace.ID)
	for _, id := range []string{ada.ID, "usr_nobody", ""} {
		if _, _, err := r.StartSession(t.Context(), r.whois(id), "", kept); !errors.Is(err, ErrNoPerson) {
			t.Errorf("StartSession(%q): %v, want ErrNoPerson", id, err)
		}
	}
	if !r.alive(kept) {
		t.Error("a login that failed ended the session there was")
	}
}

func TestASessionOfSomebodyDisabledIsNone(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	secret, _ := r.session(ada.ID)
	r.exec(`UPDATE people SET disabled_at = 1 WHERE id = ?`, ada.ID) // while the session is left behind
	if r.alive(secret) {
		t.Error("it opens")
	}
}

func provesIdleLimit(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	secret, _ := r.session(ada.ID)
	for range 3 {
		r.pass(SessionIdle - time.Minute)
		if !r.alive(secret) {
			t.Fatal("it ended although it was in use")
		}
	}
	r.pass(SessionIdle)
	if r.alive(secret) {
		t.Error("it goes on after 12 idle hours")
	}
	r.pass(-SessionIdle)
	if r.alive(secret) {
		t.Error("a clock set back brought it to life again")
	}
}

// A session begun while the clock was a year ahead has the limits of any other
// once the clock is right.
func TestASessionFromTheFutureEndsInTime(t *testing.T) {
	const year = 365 * 24 * time.Hour
	r := open(t)
	r.apply(true, ada)
	secret, _ := r.session(ada.ID)
	idle, _ := r.session(ada.ID)
	r.pass(-year)
	if !r.alive(secret) || !r.alive(idle) {
		t.Fatal("a clock set right ended it")
	}
	for range 2*int(SessionLife/SessionIdle) - 1 {
		r.pass(SessionIdle / 2)
		if !r.alive(secret) {
			t.Fatalf("it ended early, at %v", r.now())
		}
	}
	if r.alive(idle) {
		t.Error("another goes on after idle hours")
	}
	r.pass(SessionIdle / 2)
	if r.alive(secret) {
		t.Error("it goes on after seven days")
	}
}

// The order of sign-ins is known whatever the clock says, and no session takes
// the place of one that has ended.
func TestSignInsHaveAnOrder(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	var last int64
	old := ""
	for range 3 {
		secret, s, err := r.StartSession(t.Context(), r.whois(ada.ID), "", old)
		if err != nil {
			t.Fatal(err)
		}
		had, err := r.SignIns(t.Context())
		if err != nil || s.Number <= last || had != s.Number {
			t.Errorf("sign-in %d after %d, and %d in all, %v", s.Number, last, had, err)
		}
		last, old = s.Number, secret
		r.pass(-time.Hour)
	}
}

func provesAbsoluteLimit(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	secret, s := r.session(ada.ID)
	for r.pass(time.Hour); r.now().Before(s.ExpiresAt); r.pass(time.Hour) {
		if !r.alive(secret) {
			t.Fatalf("it ended %s early", s.ExpiresAt.Sub(r.now()))
		}
	}
	if r.alive(secret) {
		t.Error("it goes on after 7 days of use")
	}
}

func TestLastSeenIsWrittenOnceAMinute(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	secret, started := r.session(ada.ID)
	seen := func() time.Time {
		r.alive(secret)
		return time.UnixMilli(r.query(`SELECT last_seen_at FROM sessions`)).UTC()
	}
	r.pass(seenEvery - time.Millisecond)
	if got := seen(); !got.Equal(started.LastSeenAt) {
		t.Errorf("within a minute it was written again: %s", got)
	}
	r.pass(time.Millisecond)
	if got := seen(); !got.Equal(r.now()) {
		t.Errorf("after a minute it is %s, want %s", got, r.now())
	}
	later := r.now()
	r.pass(-30 * time.Second)
	if got := seen(); !got.Equal(later) {
		t.Errorf("a clock set back moved it to %s", got)
	}
}

func TestEndingSessions(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	one, s := r.session(ada.ID)
	two, _ := r.session(ada.ID)
	three, _ := r.session(ada.ID)
	hers, _ := r.session(grace.ID)
	for range 2 { // ended twice is ended
		if err := r.EndSession(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
	}
	if r.alive(one) || !r.alive(two) {
		t.Error("EndSession ended the wrong ones")
	}
	if err := r.EndSessions(t.Context(), ada.ID); err != nil {
		t.Fatal(err)
	}
	if r.alive(two) || r.alive(three) || !r.alive(hers) {
		t.Error("EndSessions ended the wrong ones")
	}
}

func TestOddUserAgentsAreKeptShort(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	_, s, err := r.StartSession(t.Context(), r.whois(ada.ID), strings.Repeat("x", maxAgent-1)+"é\xff", "")
	if err != nil || s.UserAgent != strings.Repeat("x", maxAgent-1) {
		t.Errorf("it is kept as %d bytes, %v", len(s.UserAgent), err)
	}
}

func TestSessionsInParallel(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	secret, _ := r.session(ada.ID)
	r.pass(2 * time.Minute) // so that every one wants to write
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, _, err := r.Session(t.Context(), secret); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestPurgeRemovesWhatIsOver(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	idle, _ := r.session(ada.ID)
	r.pass(SessionIdle - time.Hour)
	fresh, _ := r.session(grace.ID)
	r.pass(time.Hour)
	if err := r.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.query(`SELECT count(*) FROM sessions`); n != 1 || r.alive(idle) || !r.alive(fresh) {
		t.Errorf("%d sessions are left, want the fresh one", n)
	}
}
