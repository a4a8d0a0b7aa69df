package catalogue

import (
	"flag"
	"net/http"
	"strings"
	"testing"
)

var rounds = flag.Int("rounds", 3, "how often each race is run")

// racers use one thing at the same moment.
const racers = 50

// Every one-time thing is spent once, whoever else is there at that moment.
// The consent form is CN-05, the decision RS-10.
func init() {
	tokenEndpoint["TK-09"] = func(t *testing.T) {
		for range *rounds {
			a, c := newAgent(t), native()
			form := c.exchangeForm(a.code(c, ada))
			got := a.winner(func() *http.Request { return formRequest("/oauth/token", form) })
			// RFC 6749 4.1.2: what was issued on it is revoked, because the code was used twice.
			problem(t, "the winner's access token", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
			refused(t, "the winner's refresh token", a.token(c.refreshForm(got.Refresh)), 400, "invalid_grant")
		}
	}
	refreshTokens["RF-03"] = func(t *testing.T) {
		for range *rounds {
			a, c := newAgent(t), native()
			form := c.refreshForm(a.granted(c, ada).Refresh)
			got := a.winner(func() *http.Request { return formRequest("/oauth/token", form) })
			// RFC 9700 4.14.2: nobody can tell the thief from the owner, so the family ends.
			problem(t, "the winner's access token", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
			refused(t, "the winner's refresh token", a.token(c.refreshForm(got.Refresh)), 400, "invalid_grant")
		}
	}
	consent["CN-05"] = func(t *testing.T) {
		for range *rounds {
			consentRace(t)
		}
	}
	resourceServer["RS-10"] = func(t *testing.T) {
		a, hers, managers := people(t)
		for range *rounds {
			decisionRace(t, a, hers, managers)
		}
	}
}

// winner sends one request many times at once; exactly one gets tokens, the
// others invalid_grant.
func (a *agent) winner(request func() *http.Request) tokens {
	a.t.Helper()
	var won []answer
	for _, at := range a.all(racers, request) {
		switch {
		case at.StatusCode == http.StatusOK:
			won = append(won, at)
		case at.StatusCode != http.StatusBadRequest || at.json(a.t)["error"] != "invalid_grant":
			a.t.Fatalf("a loser got %d %s, want invalid_grant", at.StatusCode, at.body)
		}
	}
	if len(won) != 1 {
		a.t.Fatalf("%d winners, want one", len(won))
	}
	return a.tokens(won[0])
}

// consentRace: the same decision by the same session, however often it is sent,
// leads to where it led first, and of all the codes one can be used (RFC 6749
// 10.5). Another decision never does.
func consentRace(t *testing.T) {
	t.Helper()
	a, c := newAgent(t), native()
	f := a.asked(c, ada).form(t)
	f.values.Set("decision", "allow")
	f.values["scope"] = f.boxes
	other := clone(f.values)
	other["scope"] = f.boxes[:1]
	for _, at := range a.all(racers, func() *http.Request { return formRequest(f.action, f.values) }) {
		if at.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at.Header.Get("Location"), "/authorize?flow=") {
			t.Fatalf("one of many presses: %d to %q", at.StatusCode, at.Header.Get("Location"))
		}
	}
	page(t, "with fewer boxes", a.post(f.action, other), http.StatusConflict)
	next := "/authorize?flow=" + f.values.Get("flow")
	var codes []string
	for _, at := range a.all(racers, func() *http.Request { return getRequest(next) }) {
		switch {
		case at.StatusCode == http.StatusSeeOther:
			codes = append(codes, a.arrives(c, at).Get("code"))
		case at.StatusCode != http.StatusConflict: // a later one has overtaken it
			t.Fatalf("one of many arrivals: %d %s", at.StatusCode, at.body)
		}
	}
	won := 0
	for _, code := range codes {
		if at := a.token(c.exchangeForm(code)); at.StatusCode == http.StatusOK {
			won++
			defer func() {
				if got := a.tokens(at); !a.alive(got.Access) {
					t.Error("the codes that were lost have cost the app its tokens")
				}
			}()
		} else {
			refused(t, "a code that was lost", at, 400, "invalid_grant")
		}
	}
	if won != 1 {
		t.Fatalf("%d of %d codes could be used, want one", won, len(codes))
	}
	page(t, "the other decision", a.post(f.action, other), http.StatusConflict)
	at := a.follow(a.post(f.action, f.values))
	if page(t, "the back button", at, http.StatusOK); !strings.Contains(at.body, "is complete") {
		t.Errorf("the back button: %.300s", at.body)
	}
}

func decisionRace(t *testing.T, a *agent, hers, managers string) {
	t.Helper()
	id := a.file(hers, day(), 0.25)
	statuses := map[int]int{}
	n := 0
	for _, at := range a.all(racers, func() *http.Request {
		n++
		decision := []string{`{"decision":"approve"}`, `{"decision":"reject"}`}[n%2]
		return apiRequest("PUT", "/approvals/"+id, managers, decision)
	}) {
		statuses[at.StatusCode]++
	}
	if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != racers-1 {
		t.Fatalf("one entry decided many times: %v, want one 200 and all others 409", statuses)
	}
	problem(t, "again", a.api("PUT", "/approvals/"+id, managers, `{"decision":"reject"}`), 409)
	problem(t, "delete after the decision", a.api("DELETE", "/timesheets/"+id, hers, ""), 409)
	// A decision and a deletion at once: one of them.
	id = a.file(hers, day(), 0.25)
	won := 0
	for _, at := range a.all(racers, func() *http.Request {
		if n++; n%2 == 0 {
			return apiRequest("PUT", "/approvals/"+id, managers, `{"decision":"approve"}`)
		}
		return apiRequest("DELETE", "/timesheets/"+id, hers, "")
	}) {
		switch at.StatusCode {
		case http.StatusOK, http.StatusNoContent:
			won++
		case http.StatusConflict, http.StatusNotFound:
		default:
			t.Fatalf("a loser got %d %s", at.StatusCode, at.body)
		}
	}
	if won != 1 {
		t.Fatalf("%d of the decisions and deletions won, want one", won)
	}
}
