package crash

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// write is one kind of write, as a client makes it, with what must be true
// afterwards. It is tried while the file cannot be written, and again when it
// can.
type write struct {
	name string
	// try makes the request. done: it was answered as a success. Its error is
	// nil or *strange, with the refusal.
	try func() (done bool, err error)
	// undone checks that a refused try has left no trace.
	undone func() error
	// did checks that a success is real.
	did func() error
}

// refused503 says how a write has to be refused while it cannot be kept: with
// 503 and a Retry-After, RFC 9110 15.6.4, and never with an answer that a
// client takes for final.
func refused503(err error) error {
	var s *strange
	if !errors.As(err, &s) || s.status != http.StatusServiceUnavailable {
		return fmt.Errorf("want 503: %v", err)
	}
	if after := s.header.Get("Retry-After"); after == "" || strings.Trim(after, "0123456789") != "" {
		return fmt.Errorf("503 with Retry-After %q, want seconds", after)
	}
	return nil
}

// tries are the writes of this world, each with tokens of its own.
func (w *world) tries(t *testing.T) map[string]write {
	t.Helper()
	all := map[string]write{}
	for _, make := range []func() (write, error){w.tryCreate, w.tryDelete, w.tryApprove, w.tryRefresh, w.tryExchange, w.tryRevoke, w.tryMachine, w.trySignIn, w.tryAuthorize} {
		one, err := make()
		if err != nil {
			t.Fatal(err)
		}
		all[one.name] = one
	}
	return all
}

func none() error { return nil }

func (w *world) tryCreate() (write, error) {
	ada := w.people["ada"]
	var made *entry
	var notes string
	return write{"create", func() (bool, error) {
		var err error
		made, err = w.create(ada)
		notes = made.notes
		return err == nil, err
	}, func() error {
		for id, e := range w.list(ada) {
			if e.Notes == notes {
				return fmt.Errorf("entry %s is there", id)
			}
		}
		return nil
	}, func() error { w.lookEntry(made); return nil }}, nil
}

// tryDelete and tryApprove leave nothing to check but the entry itself.
func (w *world) tryDelete() (write, error) {
	ada := w.people["ada"]
	e, err := w.create(ada)
	look := func() error { w.lookEntry(e); return nil }
	return write{"delete", func() (bool, error) {
		r, err := ada.browser.api(http.MethodDelete, "/timesheets/"+e.id, ada.steady.Access, "")
		if err != nil || r.status != http.StatusNoContent {
			return false, errors.Join(err, &strange{r})
		}
		w.settle(e, "deleted", "")
		return true, nil
	}, look, look}, err
}

func (w *world) tryApprove() (write, error) {
	e, err := w.create(w.people["alan"])
	grace := w.people["grace"]
	look := func() error { w.lookEntry(e); return nil }
	return write{"approve", func() (bool, error) {
		r, err := grace.browser.api(http.MethodPut, "/approvals/"+e.id, grace.steady.Access, `{"decision":"approve","comment":"yes"}`)
		if err != nil || r.status != http.StatusOK {
			return false, errors.Join(err, &strange{r})
		}
		w.settle(e, "approved", "yes")
		return true, nil
	}, look, look}, err
}

func (w *world) tryRefresh() (write, error) {
	ada := w.people["ada"]
	f, err := w.begin(ada.browser, ada.app)
	if err != nil {
		return write{}, err
	}
	old := f.current.Access
	return write{"refresh", func() (bool, error) {
		err := w.rotateFamily(ada.browser, f)
		return err == nil, err
	}, func() error { return w.mustBe(f.current.Access, true) }, // that the token was not spent is seen when it is tried again
		func() error { return errors.Join(w.mustBe(old, false), w.mustBe(f.current.Access, true)) }}, nil
}

func (w *world) tryExchange() (write, error) {
	ada := w.people["ada"]
	code, err := ada.browser.authorize(ada.app, "", "")
	var f *family
	return write{"exchange", func() (bool, error) {
		var err error
		f, err = w.exchange(ada.browser, code)
		return err == nil, err
	}, none, func() error { return w.mustBe(f.current.Access, true) }}, err
}

// tryRevoke: RFC 7009 2.2.1, after a 503 the client must assume that the token
// still exists, and may be wrong; after a 200 it is dead.
func (w *world) tryRevoke() (write, error) {
	ada := w.people["ada"]
	f, err := w.begin(ada.browser, ada.app)
	if err != nil {
		return write{}, err
	}
	return write{"revoke", func() (bool, error) {
		err := w.revokeFamily(ada.browser, f)
		return err == nil, err
	}, none, func() error { return w.bury(ada.browser, f) }}, nil
}

func (w *world) tryMachine() (write, error) {
	var got tokens
	return write{"client credentials", func() (bool, error) {
		var err error
		got, err = w.s.agent().machine()
		return err == nil, err
	}, none, func() error { return w.mustBe(got.Access, true) }}, nil
}

// trySignIn posts the password. Nobody is signed in by a page that says 503.
func (w *world) trySignIn() (write, error) {
	a := w.s.agent()
	page, err := a.get("/login")
	if err != nil {
		return write{}, err
	}
	action, values, _, err := page.form()
	values.Set("email", "alan@example.com")
	values.Set("password", password)
	return write{"sign-in", func() (bool, error) {
		r, err := a.post(action, values)
		if err != nil || r.status != http.StatusSeeOther {
			return false, errors.Join(err, &strange{r})
		}
		return true, nil
	}, none, func() error { w.lookSession(a); return nil }}, err
}

// tryAuthorize goes to the app and back, which parks a flow and makes a code.
func (w *world) tryAuthorize() (write, error) {
	ada := w.people["ada"]
	var code pass
	return write{"authorize", func() (bool, error) {
		var err error
		code, err = ada.browser.authorize(ada.app, "", "")
		return err == nil, err
	}, none, func() error { w.lookCode(code); return nil }}, nil
}

func (w *world) mustBe(access string, alive bool) error {
	got, err := w.s.agent().alive(access)
	if err == nil && got != alive {
		err = fmt.Errorf("the access token is alive=%v, want %v", got, alive)
	}
	return err
}

// reads go on whatever happens to writes.
func (w *world) reads(t *testing.T) {
	t.Helper()
	ada := w.people["ada"]
	for _, path := range []string{"/timesheets", "/me"} {
		if r, err := ada.browser.api(http.MethodGet, path, ada.steady.Access, ""); err != nil || r.status != http.StatusOK {
			t.Errorf("a read: %v %s", err, r)
		}
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/livez", "/login", "/"} {
		if r, err := ada.browser.get(path); err != nil || r.status != http.StatusOK {
			t.Errorf("a read: %v %s", err, r)
		}
	}
	if err := w.mustBe(ada.steady.Access, true); err != nil {
		t.Errorf("introspection: %v", err)
	}
}
