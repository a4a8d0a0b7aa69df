package crash

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// look compares the server with the ledger, after a restart. Every error it
// finds is one of: an acknowledged write is gone, something half done, or
// something spent twice.
func (w *world) look() {
	w.t.Helper()
	for _, e := range take(w.ledger, &w.touched) {
		w.lookEntry(e)
	}
	for _, f := range take(w.ledger, &w.families) {
		if err := w.lookFamily(f); err != nil {
			w.t.Errorf("a family (replayed or revoked: %v, unsure: %q, refreshed %d times): %v", f.dead, f.unsure, len(f.old), err)
		}
	}
	for _, code := range take(w.ledger, &w.passes) {
		w.lookCode(code)
	}
	for _, token := range take(w.ledger, &w.machine) {
		if alive, err := w.s.agent().alive(token); err != nil || !alive {
			w.t.Errorf("a client_credentials token that was issued is alive=%v, %v", alive, err)
		}
	}
	for _, browser := range take(w.ledger, &w.sessions) {
		w.lookSession(browser)
	}
}

// lookEntry: the owner must see what the last answer said, or, where there was
// none, one of two things.
func (w *world) lookEntry(e *entry) {
	w.t.Helper()
	p := w.people[e.owner]
	r, err := p.browser.api(http.MethodGet, "/timesheets/"+e.id, p.steady.Access, "")
	if err != nil {
		w.t.Error(err)
		return
	}
	var seen struct{ Status, Notes, Comment string }
	switch {
	case r.status == http.StatusNotFound:
		seen.Status = "deleted"
	case r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &seen) != nil || seen.Notes != e.notes:
		w.t.Errorf("entry %s: %s", e.id, r)
		return
	}
	if seen.Status != e.status && (e.maybe == "" || seen.Status != e.maybe) {
		w.t.Errorf("entry %s is %s, acknowledged as %s (unanswered: %q)", e.id, seen.Status, e.status, e.maybe)
	}
	if decided := seen.Status == "approved" || seen.Status == "rejected"; decided && seen.Comment != e.comment {
		w.t.Errorf("entry %s was decided with %q, now it says %q", e.id, e.comment, seen.Comment)
	}
	e.status, e.maybe = seen.Status, ""
}

// lookFamily also uses it up: what was spent is tried again, which ends it.
// Only families that somebody wants to go on with are spared, two times in three.
func (w *world) lookFamily(f *family) error {
	a := w.s.agent()
	alive, err := a.alive(f.current.Access)
	if err != nil {
		return err
	}
	switch {
	case f.dead && alive:
		return errors.New("revoked, and its access token is alive")
	case f.dead:
		return w.bury(a, f)
	case f.unsure == "" && !alive:
		return errors.New("its access token is dead, and nobody has touched it")
	}
	// A refresh kills the access token and spends the refresh token in one
	// commit, as a revocation kills both: so each tells about the other.
	if !alive {
		w.count("unanswered and done: " + f.unsure)
		return w.bury(a, f)
	}
	if f.unsure != "" {
		w.count("unanswered and not done: " + f.unsure)
	}
	f.unsure = ""
	before := f.current.Access
	if err := w.rotateFamily(a, f); err != nil {
		return fmt.Errorf("its refresh token does not work: %w", err)
	}
	if alive, err := a.alive(before); err != nil || alive {
		return fmt.Errorf("the access token from before the refresh is alive=%v, %v", alive, err)
	}
	w.count("family alive after the crash")
	if f.keep && w.counted("family alive after the crash")%3 != 0 {
		put(w.ledger, &w.families, f)
		return nil
	}
	if err := w.replay(a, f); err != nil {
		return err
	}
	return w.bury(a, f)
}

func (l *ledger) counted(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[what]
}

// bury checks that neither token of a dead family works.
func (w *world) bury(a *agent, f *family) error {
	f.dead, f.unsure = true, ""
	if alive, err := a.alive(f.current.Access); err != nil || alive {
		return fmt.Errorf("the family is dead and its access token is alive=%v, %v", alive, err)
	}
	_, err := a.refresh(f.app, f.current.Refresh)
	if err == nil {
		w.took("refresh token", f.current.Refresh)
	}
	if !spent(err) {
		return fmt.Errorf("the family is dead and its refresh token gave %v", err)
	}
	put(w.ledger, &w.buried, f.current.Access)
	return nil
}

// lookCode redeems what was kept. A code whose redemption got no answer is
// either fresh or spent.
func (w *world) lookCode(code pass) {
	w.t.Helper()
	a := w.s.agent()
	got, err := a.exchange(code)
	switch {
	case err == nil:
		w.took("code", code.code)
		w.count("code redeemed after the crash")
		w.add(&family{app: code.app, code: code, current: got})
	case code.tried && spent(err):
		w.count("unanswered and done: code")
	default:
		w.t.Errorf("a code that was issued and not used: %v", err)
	}
}

// lookSession: the browser's session stands, so prompt=none says what is
// missing for this app, consent, and not who is there (OIDC Core 3.1.2.6).
func (w *world) lookSession(browser *agent) {
	w.t.Helper()
	q := url.Values{
		"response_type": {"code"}, "client_id": {native.id}, "redirect_uri": {native.redirect}, "scope": {native.scope}, "state": {"after-the-crash"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "prompt": {"none"},
	}
	r, err := browser.follow(browser.get("/authorize?" + q.Encode()))
	if err != nil {
		w.t.Error(err)
		return
	}
	to, err := url.Parse(r.header.Get("Location"))
	if err != nil || to.Query().Get("error") != "consent_required" {
		w.t.Errorf("a browser that had signed in: %d %s", r.status, r.header.Get("Location"))
	}
}

// lookAtAll compares everything, once, at the end: every entry that is listed
// is in the ledger and the other way round, and the dead are still dead.
func (w *world) lookAtAll() {
	w.t.Helper()
	for _, name := range []string{"ada", "alan"} {
		listed := w.list(w.people[name])
		for id, e := range w.entries {
			if e.owner != name {
				continue
			}
			if got, there := listed[id]; there != (e.status != "deleted") || there && (got.Status != e.status || got.Notes != e.notes) {
				w.t.Errorf("entry %s is listed=%v as %q, acknowledged as %s", id, there, got.Status, e.status)
			}
			delete(listed, id)
		}
		for id, got := range listed {
			if e := w.lost[got.Notes]; e == nil || e.owner != name || e.id != "" || got.Status != "pending" {
				w.t.Errorf("entry %s %q of %s: nobody asked for it, or twice", id, got.Notes, name)
			} else {
				e.id = id // a second one with these notes is one too many
				w.count("unanswered and done: create")
			}
		}
	}
	a := w.s.agent()
	for _, token := range w.buried[max(0, len(w.buried)-500):] {
		if alive, err := a.alive(token); err != nil || alive {
			w.t.Errorf("a token of a family that had ended is alive=%v, %v", alive, err)
		}
	}
}

type listed struct{ ID, Notes, Status string }

func (w *world) list(p *person) map[string]listed {
	w.t.Helper()
	all := map[string]listed{}
	for cursor := ""; ; {
		r, err := p.browser.api(http.MethodGet, "/timesheets?limit=200&cursor="+url.QueryEscape(cursor), p.steady.Access, "")
		var page struct {
			Items []listed
			Next  string `json:"next_cursor"`
		}
		if err != nil || r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &page) != nil {
			w.t.Fatalf("list: %v %s", err, r)
		}
		for _, e := range page.Items {
			all[e.ID] = e
		}
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}
