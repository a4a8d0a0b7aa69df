package timesheets

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// approver is Grace's token, from a sign-in of some age.
func (w *world) approver(age time.Duration, scopes ...string) string {
	return w.tokenOf(Caller{Subject: "usr_grace", ClientID: "timesheets-app", Scopes: scopes, ExpiresAt: now.Add(time.Hour), AuthTime: now.Add(-age)})
}

// RFC 9470 3: approving demands a recent sign-in, where the API was told to,
// and of those alone who may approve at all.
func TestApprovingDemandsARecentSignIn(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.ApproveMaxAge, c.ResourceMetadata = 5*time.Minute, "https://as.example/.well-known/oauth-protected-resource/api"
	})
	e := w.add(w.token("usr_ada", "create:timesheets"), "2026-03-17", 2)
	decide := "PUT /api/approvals/" + e.ID
	const approve = "approve:timesheets"

	old := w.do(w.approver(5*time.Minute+time.Second, approve), decide, "").want(401)
	if got, want := old.header.Get("WWW-Authenticate"), `Bearer realm="timesheets", error="insufficient_user_authentication", error_description="the sign-in is older than 300 seconds", scope="approve:timesheets", resource_metadata="https://as.example/.well-known/oauth-protected-resource/api/approvals/`+e.ID+`", max_age="300"`; got != want {
		t.Errorf("challenge\n%s, want\n%s", got, want)
	}
	var p problem
	if err := json.Unmarshal([]byte(old.body), &p); err != nil || p.Status != 401 || !strings.Contains(p.Detail, "5 minutes") || old.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s", old.header.Get("Content-Type"), old.body)
	}
	// Nothing is known of it: no proof.
	w.do(w.tokenOf(Caller{Subject: "usr_grace", ClientID: "x", Scopes: []string{approve}, ExpiresAt: now.Add(time.Hour)}), decide, "").want(401)
	w.do(w.tokenOf(Caller{Subject: "usr_grace", ClientID: "x", Scopes: []string{approve}, ExpiresAt: now.Add(time.Hour), AuthTime: time.Unix(0, 0)}), decide, "").want(401)
	// The scope first: signing in again would not help.
	lacks := w.do(w.approver(time.Hour, "read:timesheets"), decide, "").want(403)
	if got := lacks.header.Get("WWW-Authenticate"); !strings.Contains(got, "insufficient_scope") || strings.Contains(got, "max_age") {
		t.Errorf("challenge %s, want insufficient_scope", got)
	}
	w.do(w.tokenOf(Caller{Subject: "job", ClientID: "job", Machine: true, Scopes: []string{approve}, ExpiresAt: now.Add(time.Hour)}), decide, "").want(403)
	// Everything else is as open as it was.
	for _, route := range []string{"GET /api/approvals", "GET /api/me"} {
		w.do(w.approver(24*time.Hour, approve), route, "").want(200)
	}
	w.do(w.approver(5*time.Minute, approve), decide, "").want(200)
	w.do(w.approver(time.Hour, approve), decide, "").want(401) // also where it is too late anyway

	document := string(w.api.Document())
	if strings.Count(document, "insufficient_user_authentication") != 1 || !strings.Contains(document, "no longer than 5 minutes ago") {
		t.Error("the description says nothing of it, or in more than one place")
	}
}

func TestApprovingDemandsNothingByDefault(t *testing.T) {
	w := newWorld(t)
	e := w.add(w.token("usr_ada", "create:timesheets"), "2026-03-17", 2)
	w.do(w.approver(90*24*time.Hour, "approve:timesheets"), "PUT /api/approvals/"+e.ID, "").want(200)
	if strings.Contains(string(w.api.Document()), "insufficient_user_authentication") {
		t.Error("the description warns of what is not demanded")
	}
}

func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{5 * time.Minute: "5 minutes", time.Minute: "1 minute", 90 * time.Second: "90 seconds", time.Second: "1 second"} {
		if got := inWords(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
