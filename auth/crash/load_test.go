package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// world is the people and what they carry from one crash to the next.
type world struct {
	*ledger
	s       *site
	people  map[string]*person
	cycle   int
	serial  int // of entries
	undated time.Time
	pending chan *entry // Alan's, for Grace to decide
}

// person is somebody who has signed in once and stays signed in.
type person struct {
	name    string // as in the address
	browser *agent
	app     app
	steady  tokens // never refreshed, so its access token stays good
	own     *family
}

func newWorld(t *testing.T, s *site) *world {
	t.Helper()
	w := &world{ledger: newLedger(t), s: s, people: map[string]*person{}, pending: make(chan *entry, 1<<16),
		undated: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}
	for name, c := range map[string]app{"ada": spa, "alan": spa, "grace": boss} {
		p := &person{name: name, browser: s.agent(), app: c}
		code, err := p.browser.authorize(c, name+"@example.com", "")
		if err == nil {
			p.steady, err = p.browser.exchange(code)
		}
		if err != nil {
			t.Fatalf("%s cannot sign in: %v", name, err)
		}
		w.took("code", code.code)
		w.people[name] = p
	}
	return w
}

// run loads the server until stop closes or the connection ends, with every
// kind of write there is.
func (w *world) run(stop <-chan struct{}) {
	ada, alan, grace := w.people["ada"], w.people["alan"], w.people["grace"]
	var all sync.WaitGroup
	for _, step := range []func(i int) error{
		func(i int) error { return w.rotate(ada, i) },
		func(i int) error { return w.rotate(alan, i) },
		func(i int) error { return w.author(ada, i) },
		func(i int) error { return w.author(alan, i) },
		func(i int) error { return w.approve(grace, i) },
		func(i int) error { return w.redeem(ada, i) },
		w.signIn,
		func(int) error { return w.cron() },
	} {
		all.Go(func() { w.repeat(step, stop) })
	}
	all.Wait()
}

// repeat ends with the first request that gets no answer.
func (w *world) repeat(step func(i int) error, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		if err := step(i); errors.Is(err, errNoAnswer) {
			return
		} else if err != nil {
			w.t.Errorf("under load: %v", err)
			return
		}
	}
}

// rotate refreshes the person's own family, and now and then revokes it.
func (w *world) rotate(p *person, i int) error {
	if p.own == nil || p.own.dead || p.own.unsure != "" {
		f, err := w.begin(p.browser, p.app)
		if err != nil {
			return err
		}
		f.keep = true
		p.own = f
	}
	if i%9 == 8 {
		return w.revokeFamily(p.browser, p.own)
	}
	return w.rotateFamily(p.browser, p.own)
}

// begin makes a family: a code, redeemed.
func (w *world) begin(a *agent, c app) (*family, error) {
	code, err := a.authorize(c, "", "")
	if err != nil {
		return nil, err
	}
	return w.exchange(a, code)
}

func (w *world) exchange(a *agent, code pass) (*family, error) {
	got, err := a.exchange(code)
	if errors.Is(err, errNoAnswer) {
		w.count("no answer")
		code.tried = true
		put(w.ledger, &w.passes, code)
	}
	if err != nil {
		return nil, err
	}
	w.took("code", code.code)
	return w.add(&family{app: code.app, code: code, current: got}), nil
}

func (w *world) rotateFamily(a *agent, f *family) error {
	got, err := a.refresh(f.app, f.current.Refresh)
	if errors.Is(err, errNoAnswer) {
		w.count("no answer")
		f.unsure = "refresh"
	}
	if err != nil {
		return err
	}
	w.took("refresh token", f.current.Refresh)
	f.old = append(f.old, f.current.Refresh)
	f.current = got
	return nil
}

// revokeFamily: RFC 7009 2.2, a 200 means that the token is dead.
func (w *world) revokeFamily(a *agent, f *family) error {
	r, err := a.revoke(f.app, f.current.Refresh)
	if errors.Is(err, errNoAnswer) {
		w.count("no answer")
		f.unsure = "revoke"
		return err
	}
	if err != nil || r.status != http.StatusOK {
		return errors.Join(err, &strange{r})
	}
	w.count("revoke")
	f.dead = true
	return nil
}

// replay uses what is spent: RFC 6749 4.1.2 and RFC 9700 4.14.2, refused, and
// the family ends.
func (w *world) replay(a *agent, f *family) error {
	var err error
	if len(f.old) > 0 && rand.IntN(2) == 0 {
		value := f.old[rand.IntN(len(f.old))]
		if _, err = a.refresh(f.app, value); err == nil {
			w.took("refresh token", value)
		}
	} else if _, err = a.exchange(f.code); err == nil {
		w.took("code", f.code.code)
	}
	if errors.Is(err, errNoAnswer) {
		w.count("no answer")
		f.unsure = "replay"
		return err
	}
	if !spent(err) {
		return fmt.Errorf("a replay was not refused with invalid_grant: %v", err)
	}
	w.count("replay refused")
	f.dead = true
	return nil
}

// redeem gets codes: some are kept for after the crash, some are redeemed, and
// some of those are tried a second time.
func (w *world) redeem(p *person, i int) error {
	code, err := p.browser.authorize(p.app, "", "")
	if err != nil {
		return err
	}
	w.count("code issued")
	if i%4 == 0 {
		put(w.ledger, &w.passes, code)
		return nil
	}
	f, err := w.exchange(p.browser, code)
	if err == nil && i%4 == 3 {
		err = w.replay(p.browser, f)
	}
	return err
}

// signIn goes through both forms in a browser of its own. An attempt counts as
// failed until the password is checked, also for a process that is killed
// meanwhile, and 30 failures from one address are the limit: so in a long run
// most crashes go without, and being told to wait is a right answer.
func (w *world) signIn(i int) error {
	if w.cycle > 10 && w.cycle%60 != 0 {
		time.Sleep(time.Millisecond)
		return nil
	}
	a, name := w.s.agent(), []string{"ada", "alan", "grace"}[(w.cycle+i)%3]
	code, err := a.authorize(native, name+"@example.com", "")
	var told *strange
	if errors.As(err, &told) && told.status == http.StatusTooManyRequests && told.header.Get("Retry-After") != "" {
		w.count("sign-in throttled")
		return nil
	}
	if err != nil {
		return err
	}
	w.count("sign-in")
	put(w.ledger, &w.sessions, a)
	_, err = w.exchange(a, code)
	return err
}

func (w *world) cron() error {
	got, err := w.s.agent().machine()
	if err == nil {
		w.count("client credentials")
		put(w.ledger, &w.machine, got.Access)
	}
	return err
}
