package catalogue

import (
	"flag"
	"net/http"
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

func consentRace(t *testing.T) {
	t.Helper()
	a, c := newAgent(t), native()
	f := a.asked(c, ada).form(t)
	f.values.Set("decision", "allow")
	statuses := map[int]int{}
	for _, at := range a.all(racers, func() *http.Request { return formRequest(f.action, f.values) }) {
		statuses[at.StatusCode]++
	}
	if statuses[http.StatusSeeOther] != 1 || statuses[http.StatusConflict] != racers-1 {
		t.Fatalf("one form many times: %v, want one 303 and all others 409", statuses)
	}
	codes := 0
	for range 3 {
		if queryOf(t, a.get("/authorize?flow="+f.values.Get("flow"))).Has("code") {
			codes++
		}
	}
	if codes != 1 {
		t.Fatalf("%d codes came of one decision", codes)
	}
	page(t, "the back button", a.post(f.action, f.values), http.StatusConflict)
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
