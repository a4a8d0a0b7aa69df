package auth

import (
	"testing"
	"time"
)

// Each transition that prompt=select_account (OIDC Core 3.1.2.1) makes is one
// row, like those of TestNext.
func TestNextWithSelectAccount(t *testing.T) {
	asked := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	all := []string{"openid", "read:timesheets"}
	ada := func(age time.Duration, held ...string) *visitor {
		return &visitor{Subject: "ada", SignIn: order(age), AuthTime: asked.Add(-age), Allowed: all, Held: held}
	}
	rows := []struct {
		name     string
		prompt   []string
		hinted   string
		selected string
		who      *visitor
		decided  decision
		step     step
	}{
		{"nobody signed in", nil, "", "", nil, undecided, stepLogin},
		{"signed in before", nil, "", "", ada(time.Hour), undecided, stepSelect},
		{"signed in before, remembered", nil, "", "", ada(time.Hour, all...), undecided, stepSelect},
		{"signed in since", nil, "", "", ada(-time.Second), undecided, stepConsent},
		{"signed in since, remembered", nil, "", "", ada(-time.Second, all...), undecided, stepIssue},
		{"chosen", nil, "", "ada", ada(time.Hour), undecided, stepConsent},
		{"chosen, remembered", nil, "", "ada", ada(time.Hour, all...), undecided, stepIssue},
		{"chosen by another", nil, "", "alan", ada(time.Hour, all...), undecided, stepSelect},
		{"chosen, then signed out", nil, "", "ada", nil, undecided, stepLogin},
		{"and login, signed in before", []string{"login"}, "", "", ada(time.Hour), undecided, stepLogin},
		{"and login, chosen, signed in before", []string{"login"}, "", "ada", ada(time.Hour), undecided, stepLogin},
		{"and login, signed in since", []string{"login"}, "", "", ada(-time.Second, all...), undecided, stepIssue},
		{"and consent, chosen, remembered", []string{"consent"}, "", "ada", ada(time.Hour, all...), undecided, stepConsent},
		{"and consent, signed in before", []string{"consent"}, "", "", ada(time.Hour, all...), undecided, stepSelect},
		{"hint of another", nil, "alan", "", ada(time.Hour, all...), undecided, stepLogin},
		{"hint of another, chosen", nil, "alan", "ada", ada(time.Hour, all...), undecided, stepLogin},
		{"hint of the same", nil, "ada", "", ada(time.Hour, all...), undecided, stepSelect},
		{"chosen and allowed", nil, "", "ada", ada(time.Hour), allowed, stepIssue},
		{"chosen and denied", nil, "", "ada", ada(time.Hour), denied, stepRefuse},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f := &flow{CreatedAt: asked, Decision: row.decided, Subject: "ada", Selected: row.selected, Granted: all}
			f.Request = authorizationRequest{Scopes: all, Prompt: append([]string{"select_account"}, row.prompt...), Hinted: row.hinted, SignIns: requestBegan}
			if step, _, _ := next(f, row.who); step != row.step {
				t.Fatalf("next = %d, want %d", step, row.step)
			}
		})
	}
}
