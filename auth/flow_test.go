package auth

import (
	"slices"
	"testing"
	"time"
)

// requestBegan is how many sign-ins there had been at the request of a test.
const requestBegan = 7

// order is the place of a sign-in that was so long before the request.
func order(age time.Duration) int64 {
	if age < 0 {
		return requestBegan + 1
	}
	return requestBegan
}

// Every transition of a flow is one row. The columns are all that next may look
// at.
func TestNext(t *testing.T) {
	asked := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	seconds := func(n int64) *int64 { return &n }
	request := func(edit func(*authorizationRequest)) authorizationRequest {
		q := authorizationRequest{Scopes: []string{"openid", "read:timesheets"}}
		if edit != nil {
			edit(&q)
		}
		return q
	}
	prompt := func(values ...string) authorizationRequest {
		return request(func(q *authorizationRequest) { q.Prompt = values })
	}
	maxAge := func(n int64) authorizationRequest {
		return request(func(q *authorizationRequest) { q.MaxAge = seconds(n) })
	}
	all := []string{"openid", "read:timesheets"}
	ada := func(age time.Duration, held ...string) *visitor {
		return &visitor{Subject: "ada", SignIn: order(age), AuthTime: asked.Add(-age), Allowed: all, Held: held}
	}
	// after has signed in since the request, with a clock that was set back in between.
	after := &visitor{Subject: "ada", SignIn: requestBegan + 1, AuthTime: asked.Add(-time.Hour), Allowed: all, Held: all}
	// before had signed in, and the clock was set back then.
	before := &visitor{Subject: "ada", SignIn: requestBegan, AuthTime: asked.Add(time.Hour), Allowed: all, Held: all}
	rows := []struct {
		name    string
		request authorizationRequest
		who     *visitor
		decided decision
		by      string
		step    step
		code    string
	}{
		{"nobody signed in", request(nil), nil, undecided, "", stepLogin, ""},
		{"nobody signed in, prompt=none", prompt("none"), nil, undecided, "", stepRefuse, "login_required"},
		{"signed in, first time", request(nil), ada(time.Hour), undecided, "", stepConsent, ""},
		{"signed in, first time, prompt=none", prompt("none"), ada(time.Hour), undecided, "", stepRefuse, "consent_required"},
		{"remembered", request(nil), ada(time.Hour, all...), undecided, "", stepIssue, ""},
		{"remembered, prompt=none", prompt("none"), ada(time.Hour, all...), undecided, "", stepIssue, ""},
		{"remembered, prompt=consent", prompt("consent"), ada(time.Hour, all...), undecided, "", stepConsent, ""},
		{"remembered less than asked", request(nil), ada(time.Hour, "openid"), undecided, "", stepConsent, ""},
		{"remembered less, prompt=none", prompt("none"), ada(time.Hour, "openid"), undecided, "", stepRefuse, "consent_required"},
		{"prompt=login, signed in before", prompt("login"), ada(time.Second, all...), undecided, "", stepLogin, ""},
		{"prompt=login, signed in since", prompt("login"), ada(-time.Second, all...), undecided, "", stepIssue, ""},
		{"prompt=login consent, signed in since", prompt("login", "consent"), ada(-time.Second, all...), undecided, "", stepConsent, ""},
		{"max_age=60, 59 s old", maxAge(60), ada(59*time.Second, all...), undecided, "", stepIssue, ""},
		{"max_age=60, 61 s old", maxAge(60), ada(61*time.Second, all...), undecided, "", stepLogin, ""},
		{"max_age=0, signed in before", maxAge(0), ada(time.Millisecond, all...), undecided, "", stepLogin, ""},
		{"max_age=0, signed in since", maxAge(0), ada(-time.Millisecond, all...), undecided, "", stepIssue, ""},
		{"prompt=login, signed in since, clock set back", prompt("login"), after, undecided, "", stepIssue, ""},
		{"max_age=0, signed in since, clock set back", maxAge(0), after, undecided, "", stepIssue, ""},
		{"max_age=60, signed in since, clock set back", maxAge(60), after, undecided, "", stepIssue, ""},
		{"prompt=login, clock set back since the sign-in", prompt("login"), before, undecided, "", stepLogin, ""},
		{"max_age=0, clock set back since the sign-in", maxAge(0), before, undecided, "", stepLogin, ""},
		{"max_age=60, clock set back since the sign-in", maxAge(60), before, undecided, "", stepLogin, ""},
		{"nothing asked, clock set back since the sign-in", request(nil), before, undecided, "", stepIssue, ""},
		{"hint of another, prompt=none", request(func(q *authorizationRequest) { q.Prompt, q.Hinted = []string{"none"}, "alan" }), ada(0, all...), undecided, "", stepRefuse, "login_required"},
		{"hint of another", request(func(q *authorizationRequest) { q.Hinted = "alan" }), ada(0, all...), undecided, "", stepLogin, ""},
		{"hint of the same", request(func(q *authorizationRequest) { q.Hinted = "ada" }), ada(0, all...), undecided, "", stepIssue, ""},
		{"allowed", request(nil), ada(0), allowed, "ada", stepIssue, ""},
		{"allowed, but by another", request(nil), ada(0), allowed, "alan", stepConsent, ""},
		{"allowed, then signed out", request(nil), nil, allowed, "ada", stepLogin, ""},
		{"allowed with prompt=consent", prompt("consent"), ada(0), allowed, "ada", stepIssue, ""},
		{"denied", request(nil), ada(0), denied, "ada", stepRefuse, "access_denied"},
		{"denied, then signed out", request(nil), nil, denied, "ada", stepRefuse, "access_denied"},
		{"role gives nothing", request(nil), &visitor{Subject: "ada", AuthTime: asked}, undecided, "", stepConsent, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f := &flow{Request: row.request, CreatedAt: asked, Decision: row.decided, Subject: row.by, Granted: []string{"openid"}}
			f.Request.SignIns = requestBegan
			step, code, scopes := next(f, row.who)
			if step != row.step || code != row.code {
				t.Fatalf("next = %d %q, want %d %q", step, code, row.step, row.code)
			}
			want := all
			if row.decided == allowed {
				want = []string{"openid"} // what was ticked, not what was asked
			}
			if step == stepIssue && !slices.Equal(scopes, want) {
				t.Errorf("scopes = %v, want %v", scopes, want)
			}
		})
	}
}
