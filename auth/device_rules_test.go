package auth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store"
)

// RFC 8628 3.5: who polls too early waits five seconds longer from then on,
// also after a restart.
func TestPollsArePaced(t *testing.T) {
	w := newWorld(t)
	d := w.television("openid")
	poll := func(wait time.Duration, want string) {
		t.Helper()
		w.clock.pass(wait)
		w.refused(w.poll(d), 400, want)
	}
	poll(0, "authorization_pending") // the first may come at once
	poll(5*time.Second, "authorization_pending")
	poll(4600*time.Millisecond, "authorization_pending") // a timer that ticks a little early
	poll(4*time.Second, "slow_down")                     // 10 seconds from now on
	poll(9*time.Second, "slow_down")                     // 15
	poll(15*time.Second, "authorization_pending")
	w.open(document(t, seed.Builtin()), true)
	poll(14*time.Second, "slow_down") // 20
	poll(20*time.Second, "authorization_pending")
	// What is decided is given out at once.
	w.visit("ada@example.com").approves(d)
	w.tokens(w.poll(d))
}

// RFC 8628 3.5: a code has an end, whoever has decided what.
func TestDeviceCodesExpire(t *testing.T) {
	w := newWorld(t)
	ada := w.visit("ada@example.com")
	pending, late, fetched := w.television("openid"), w.television("openid read:timesheets"), w.television(allScope)
	open := ada.settled(late) // all is ticked, and the last redirect not yet followed
	ada.approves(fetched)
	w.clock.pass(deviceLifetime - time.Second)
	w.refused(w.poll(pending), 400, "authorization_pending")
	w.clock.pass(time.Second)
	w.refused(w.poll(pending), 400, "expired_token")
	w.refused(w.poll(fetched), 400, "expired_token")
	if rec := ada.get(open); rec.Code != http.StatusGone {
		t.Errorf("approved too late: %d, want 410", rec.Code)
	}
	w.refused(w.poll(late), 400, "expired_token")
	for _, code := range []string{pending.UserCode, late.UserCode} {
		if rec := w.post(pathDevice, url.Values{"user_code": {code}}, ada.cookies...); rec.Code != http.StatusGone || !strings.Contains(rec.Body.String(), "another one") {
			t.Errorf("typed too late: %d", rec.Code)
		}
	}
}

// many runs use at the same moment, n times, and counts the answers.
func many(n int, use func() *httptest.ResponseRecorder) (won []*httptest.ResponseRecorder, lost map[string]int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	lost = map[string]int{}
	gun := make(chan struct{})
	for range n {
		wg.Go(func() {
			<-gun
			rec := use()
			mu.Lock()
			defer mu.Unlock()
			var body struct{ Error string }
			if rec.Code == http.StatusOK {
				won = append(won, rec)
			} else {
				_ = json.Unmarshal(rec.Body.Bytes(), &body) // a page has no such member
				lost[body.Error]++
			}
		})
	}
	close(gun)
	wg.Wait()
	return won, lost
}

// One approval, one token. Fifty polls at once are a replay like any other, in
// whatever order they come; doc.go has the rule.
func TestOneTokenOfADeviceCode(t *testing.T) {
	const racers = 50
	w := newWorld(t)
	ada := w.visit("ada@example.com")
	for round := range *rounds {
		d := ada.approves(w.television(allScope))
		won, lost := many(racers, func() *httptest.ResponseRecorder { return w.poll(d) })
		if len(won) != 1 || lost["invalid_grant"] != racers-1 {
			t.Fatalf("round %d: %d winners, losers %v", round, len(won), lost)
		}
		got := w.tokens(won[0])
		if w.alive(got.AccessToken) {
			t.Errorf("round %d: replayed, and its token lives", round)
		}
		w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant")
	}
	// A device that keeps to its interval never meets that.
	got := w.tokens(w.poll(ada.approves(w.television(allScope))))
	if !w.alive(got.AccessToken) {
		t.Error("one poll, and the token is dead")
	}
}

// Both have read the code as unused when the first of them commits.
func TestALostPollRevokes(t *testing.T) {
	w := newWorld(t)
	d := w.visit("ada@example.com").approves(w.television(allScope))
	w.disk.gate.Store(newGate(2))
	won, lost := many(2, func() *httptest.ResponseRecorder { return w.poll(d) })
	w.disk.gate.Store(nil)
	if len(won) != 1 || lost["invalid_grant"] != 1 {
		t.Fatalf("%d winners, losers %v", len(won), lost)
	}
	if w.alive(w.tokens(won[0]).AccessToken) {
		t.Error("the winner's token lives on")
	}
}

// RFC 8628 3.3: one decision, in however many browsers the code was typed.
func TestOneDecisionOfADeviceCode(t *testing.T) {
	w := newWorld(t)
	d := w.television(allScope)
	ends := make(chan func() *httptest.ResponseRecorder, 8)
	for i := range cap(ends) {
		v := w.visit([]string{"ada@example.com", "alan@example.com"}[i%2])
		open := v.settled(d)
		ends <- func() *httptest.ResponseRecorder { return v.get(open) }
	}
	var mu sync.Mutex
	statuses := map[int]int{}
	many(cap(ends), func() *httptest.ResponseRecorder {
		rec := (<-ends)()
		mu.Lock()
		defer mu.Unlock()
		statuses[rec.Code]++
		return rec
	})
	if statuses[http.StatusSeeOther] != 1 || statuses[http.StatusConflict] != cap(ends)-1 {
		t.Errorf("answers %v, want one 303 and %d times 409", statuses, cap(ends)-1)
	}
	if n := w.count("device_codes"); n != 1 {
		t.Errorf("%d grants of one code", n)
	}
	w.tokens(w.poll(d))
}

// What happens between the approval and the poll counts (OWASP ASVS 7.4).
func TestBetweenApprovalAndPoll(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(w *world, v visit)
		status  int
		code    string
	}{
		"the person signs out everywhere": {func(w *world, _ visit) {
			if err := w.store.RevokeSubject(w.t.Context(), "usr_grace"); err != nil {
				w.t.Fatal(err)
			}
		}, 400, "invalid_grant"},
		"the browser session is ended with all that came of it": {func(w *world, v visit) {
			if err := w.store.RevokeSession(w.t.Context(), v.who.Session.ID); err != nil {
				w.t.Fatal(err)
			}
		}, 400, "invalid_grant"},
		"the person is removed":   {func(w *world, _ visit) { w.open(withoutPerson(w.t, "usr_grace"), false) }, 400, "invalid_grant"},
		"the client is removed":   {func(w *world, _ visit) { w.open(withoutClient(w.t, "timesheets-mobile"), false) }, 401, "invalid_client"},
		"the client loses it all": {func(w *world, _ visit) { w.revokes("timesheets-mobile") }, 400, "invalid_grant"},
		"the demo is reset": {func(w *world, _ visit) {
			if err := w.Reset(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
		}, 400, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			v := w.visit("grace@example.com")
			d := v.approves(w.television(allScope))
			c.happens(w, v)
			w.refused(w.poll(d), c.status, c.code)
			w.refused(w.poll(d), c.status, c.code)
		})
	}
	// The browser was only borrowed for the approval: signing out of it takes
	// nothing back from the device, and before the approval it stops it.
	t.Run("the person signs out of the browser", func(t *testing.T) {
		w := newWorld(t)
		v := w.visit("grace@example.com")
		d, open := v.approves(w.television(allScope)), w.television(allScope)
		settled := v.settled(open)
		w.post(pathLogoutConfirm, nil, v.cookies...)
		w.tokens(w.poll(d))
		if rec := v.get(settled); rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), pathLogin) {
			t.Errorf("signed out before it was settled: %d to %s", rec.Code, rec.Header().Get("Location"))
		}
		w.refused(w.poll(open), 400, "authorization_pending")
	})
	t.Run("the role is taken away", func(t *testing.T) {
		w := newWorld(t)
		d := w.visit("grace@example.com").approves(w.television(allScope))
		doc := document(t, seed.Builtin())
		for i := range doc.People {
			doc.People[i].Roles = []string{"employee"}
		}
		w.open(doc, false)
		got := w.tokens(w.poll(d))
		if strings.Contains(got.Scope, "approve:timesheets") || !strings.Contains(got.Scope, "read:timesheets") {
			t.Errorf("no manager any more, and the token says %q", got.Scope)
		}
	})
}

func withoutPerson(t testing.TB, id string) *seed.Document {
	d := document(t, seed.Builtin())
	kept := d.People[:0]
	for _, p := range d.People {
		if p.ReportsTo = ""; p.ID != id {
			kept = append(kept, p)
		}
	}
	d.People = kept
	return d
}

func withoutClient(t testing.TB, id string) *seed.Document {
	d := document(t, seed.Builtin())
	kept := d.Clients[:0]
	for _, c := range d.Clients {
		if c.ID != id {
			kept = append(kept, c)
		}
	}
	d.Clients = kept
	return d
}

func (w *world) revokes(client string) {
	w.t.Helper()
	if err := w.store.RevokeClientGrants(w.t.Context(), client); err != nil {
		w.t.Fatal(err)
	}
}

// A scope that is taken back on the account page before the device has fetched
// its tokens is not in them; the rest is.
func TestWithdrawnBeforeThePoll(t *testing.T) {
	w := newWorld(t)
	d := w.visit("ada@example.com").approves(w.television(allScope))
	if err := w.store.Withdraw(t.Context(), store.Withdrawal{Subject: "usr_ada", ClientID: "timesheets-mobile", Scope: "create:timesheets", Hollow: []string{"offline_access"}}); err != nil {
		t.Fatal(err)
	}
	got := w.tokens(w.poll(d))
	if strings.Contains(got.Scope, "create:timesheets") || !strings.Contains(got.Scope, "read:timesheets") {
		t.Errorf("scope %q", got.Scope)
	}
}

// Nothing is half done: what could not be written is still to be had.
func TestDeviceOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	pending, approved, open := w.television(allScope), v.approves(w.television(allScope)), w.television(allScope)
	settled := v.settled(open)
	w.fullDisk(map[string]func() *httptest.ResponseRecorder{
		"a device asks": func() *httptest.ResponseRecorder {
			return w.post(pathDeviceCode, url.Values{"client_id": {"timesheets-mobile"}, "scope": {"openid"}})
		},
		"a poll":         func() *httptest.ResponseRecorder { return w.poll(pending) },
		"a code is used": func() *httptest.ResponseRecorder { return w.poll(approved) },
		"a code is typed": func() *httptest.ResponseRecorder {
			return w.post(pathDevice, url.Values{"user_code": {pending.UserCode}}, v.cookies...)
		},
		"a person allows": func() *httptest.ResponseRecorder { return v.get(settled) },
	})
	w.refused(w.poll(open), 400, "authorization_pending")
	w.tokens(w.poll(approved))
	if rec := v.get(settled); rec.Code != http.StatusSeeOther {
		t.Errorf("allowed once more: %d", rec.Code)
	}
	w.tokens(w.poll(open))
}

// The table, not luck, keeps two devices from showing the same code.
func TestUserCodesAreUnique(t *testing.T) {
	w := newWorld(t)
	d := w.television("openid")
	code, _ := readUserCode(d.UserCode)
	err := w.disk.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO device_requests (id, user_code, client_id, scopes, audience, source, user_agent, created_at, expires_at, interval)
			SELECT 'another', ?, client_id, scopes, audience, source, user_agent, created_at, expires_at, interval FROM device_requests`, ledger.Hash(code))
		return err
	})
	if err == nil {
		t.Error("two requests with one user code")
	}
	if err := w.disk.Read().QueryRowContext(context.Background(), `SELECT user_code FROM device_requests WHERE user_code = ? OR id = ?`, code, d.DeviceCode).Scan(&code); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a code is stored as it is: %v", err)
	}
}

func TestDevicesArePurged(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	w.television("openid")
	v.approves(w.television(allScope)) // never fetched
	got := w.tokens(w.poll(v.approves(w.television("read:timesheets"))))
	w.clock.pass(deviceLifetime + 23*time.Hour)
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if requests, codes := w.count("device_requests"), w.count("device_codes"); requests != 3 || codes != 2 {
		t.Errorf("within a day: %d requests, %d codes", requests, codes)
	}
	w.clock.pass(2 * time.Hour)
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if requests, codes := w.count("device_requests"), w.count("device_codes"); requests != 0 || codes != 0 {
		t.Errorf("after a day: %d requests, %d codes", requests, codes)
	}
	if w.alive(got.AccessToken) {
		t.Error("the token outlived its fifteen minutes")
	}
}

// RFC 8628 5.4: every transition of a device's flow, as TestNext has those of
// an authorization request. Nothing is waved through, and nothing comes before
// the comparison but the sign-in and a refusal.
func TestNextOfADevice(t *testing.T) {
	asked := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	all := []string{"openid", "read:timesheets"}
	ada := &visitor{Subject: "ada", AuthTime: asked.Add(-time.Hour), Allowed: all, Held: all} // and remembered for this client
	for _, row := range []struct {
		name     string
		who      *visitor
		compared string
		decided  decision
		by       string
		step     step
	}{
		{"nobody signed in", nil, "", undecided, "", stepLogin},
		{"signed in", ada, "", undecided, "", stepCompare},
		{"compared by another", ada, "alan", undecided, "", stepCompare},
		{"compared", ada, "ada", undecided, "", stepConsent},
		{"compared, then signed out", nil, "ada", undecided, "", stepLogin},
		{"allowed", ada, "ada", allowed, "ada", stepIssue},
		{"allowed and never compared", ada, "", allowed, "ada", stepCompare},
		{"allowed by another", ada, "ada", allowed, "alan", stepConsent},
		{"allowed, then signed out", nil, "ada", allowed, "ada", stepLogin},
		{"stopped before the comparison", ada, "", denied, "ada", stepRefuse},
		{"denied, then signed out", nil, "ada", denied, "ada", stepRefuse},
	} {
		f := &flow{Kind: deviceFlow, Request: authorizationRequest{Scopes: all}, CreatedAt: asked, Compared: row.compared, Decision: row.decided, Subject: row.by, Granted: []string{"openid"}}
		if step, _, _ := next(f, row.who); step != row.step {
			t.Errorf("%s: next = %d, want %d", row.name, step, row.step)
		}
	}
}

// RFC 6749 5.2: what was asked for by one client is nothing to another, which
// neither gets it, nor slows the device down, nor ends what it has got.
func TestDeviceCodeOfAnotherClient(t *testing.T) {
	w := newWorld(t)
	d := w.television(allScope)
	other := func() *httptest.ResponseRecorder {
		return w.post(pathToken, url.Values{"grant_type": {back.GrantDevice}, "client_id": {"timesheets-spa"}, "device_code": {d.DeviceCode}})
	}
	w.refused(other(), 400, "invalid_grant")
	w.refused(w.poll(d), 400, "authorization_pending")
	w.visit("ada@example.com").approves(d)
	w.refused(other(), 400, "invalid_grant")
	got := w.tokens(w.poll(d))
	w.refused(other(), 400, "invalid_grant")
	if !w.alive(got.AccessToken) {
		t.Error("another client ended the grant")
	}
	// A second use by its own client is a replay.
	w.refused(w.poll(d), 400, "invalid_grant")
	if w.alive(got.AccessToken) {
		t.Error("replayed, and its token lives")
	}
}

// RFC 6749 10.12: the answer is that of the person whom the page was shown to,
// given on that page.
func TestDeviceFormsAreOurs(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	rec := w.post(pathDevice, url.Values{"user_code": {w.television(allScope).UserCode}}, v.cookies...)
	u, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || u.Query().Get("flow") == "" {
		t.Fatalf("%d to %q", rec.Code, rec.Header().Get("Location"))
	}
	f := &flow{ID: ledger.Hash(u.Query().Get("flow"))}
	form := func(session string) url.Values {
		return url.Values{"flow": {u.Query().Get("flow")}, "session": {session}, "decision": {"same"}}
	}
	for _, session := range []string{"", consentSession(f, v.who), compareSession(f, w.visit("alan@example.com").who)} {
		if rec := w.post(pathDevice, form(session), v.cookies...); rec.Code != http.StatusForbidden {
			t.Errorf("compared for session %q: %d", session, rec.Code)
		}
	}
	r := httptest.NewRequest(http.MethodPost, issuer+pathDevice, strings.NewReader(form(compareSession(f, v.who)).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	forged := httptest.NewRecorder()
	if w.mux.ServeHTTP(forged, r); forged.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", forged.Code)
	}
	if rec := w.post(pathDevice, form(compareSession(f, v.who)), v.cookies...); rec.Code != http.StatusSeeOther {
		t.Errorf("from the page: %d", rec.Code)
	}
}

// OWASP ASVS 7.4.1: a session that ends while its approval is on its way to the
// disk allows nothing any more.
func TestSignedOutWhileAllowing(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	d := w.television(allScope)
	settled := v.settled(d)
	g := newGate(2)
	w.disk.gate.Store(g)
	answered := make(chan *httptest.ResponseRecorder)
	go func() { answered <- v.get(settled) }()
	for g.missing.Load() > 1 {
		runtime.Gosched() // until the commit waits at the gate
	}
	if err := w.people.EndSession(t.Context(), v.who.Session.ID); err != nil {
		t.Fatal(err)
	}
	w.disk.gate.Store(nil)
	g.pass()
	if rec := <-answered; rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), pathLogin) {
		t.Errorf("allowed: %d to %s", rec.Code, rec.Header().Get("Location"))
	}
	w.refused(w.poll(d), 400, "authorization_pending")
}
