package timesheets_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// What belongs to somebody else does not exist.
func TestOwnershipAndApproval(t *testing.T) {
	p := punchcardtest.New(t)
	ada, grace, c := p.Browser(t), p.Browser(t), agent.Mobile()
	a, g := ada.SignedUp(c, "ada@example.com"), grace.SignedUp(c, "grace@example.com")
	if !strings.Contains(g.Scope, "approve:timesheets") {
		t.Fatalf("a manager can give approve:timesheets, got %q", g.Scope)
	}
	created := ada.API("POST", "/timesheets", a.Access, `{"project":"Apollo","date":"2026-06-05","hours":2.5,"notes":"guidance"}`)
	if created.StatusCode != 201 || created.Header.Get("Location") == "" {
		t.Fatalf("create: %d %s", created.StatusCode, created.Text)
	}
	id := created.JSON(t)["id"].(string)
	if r := grace.API("GET", "/timesheets/"+id, g.Access, ""); r.StatusCode != 404 {
		t.Errorf("another person's entry: %d, want 404", r.StatusCode)
	}
	if r := ada.API("GET", "/approvals", a.Access, ""); r.StatusCode != 403 {
		t.Errorf("an employee's approvals: %d, want 403", r.StatusCode)
	}
	if r := grace.API("GET", "/approvals", g.Access, ""); r.StatusCode != 200 || !strings.Contains(r.Text, id) {
		t.Errorf("the manager does not see it: %d %s", r.StatusCode, r.Text)
	}
	if r := grace.API("PUT", "/approvals/"+id, g.Access, `{"decision":"approve","comment":"thank you"}`); r.StatusCode != 200 || r.JSON(t)["status"] != "approved" {
		t.Errorf("approve: %d %s", r.StatusCode, r.Text)
	}
	if r := grace.API("PUT", "/approvals/"+id, g.Access, `{"decision":"reject"}`); r.StatusCode != 409 {
		t.Errorf("decided twice: %d, want 409", r.StatusCode)
	}
	own := grace.API("POST", "/timesheets", g.Access, `{"project":"Apollo","date":"2026-06-05","hours":1}`).JSON(t)["id"].(string)
	if r := grace.API("PUT", "/approvals/"+own, g.Access, ""); r.StatusCode != 403 {
		t.Errorf("her own hours: %d, want 403", r.StatusCode)
	}
	if r := ada.API("DELETE", "/timesheets/"+id, a.Access, ""); r.StatusCode != 403 {
		t.Errorf("delete without the scope: %d, want 403", r.StatusCode)
	}
}

// The seed's machine client uploads what people see and change afterwards.
func TestNightlyImport(t *testing.T) {
	p := punchcardtest.New(t)
	b, ada, c := p.Browser(t), p.Browser(t), agent.Mobile()
	cron := b.Tokens(b.Do("POST", "/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"},
	}))
	const good = `{"user_id":"usr_ada","project":"Apollo","date":"2026-06-05","hours":2.5}`
	bad := b.API("POST", "/timesheets/upload", cron.Access, `{"entries":[`+good+`,{"user_id":"usr_nobody","project":"Apollo","date":"2026-06-05","hours":1}]}`)
	if bad.StatusCode != 422 || !strings.Contains(bad.Text, `"/entries/1/user_id"`) {
		t.Errorf("somebody unknown: %d %s", bad.StatusCode, bad.Text)
	}
	made := b.API("POST", "/timesheets/upload", cron.Access, `{"entries":[`+good+`]}`)
	if made.StatusCode != 201 || made.JSON(t)["count"] != 1.0 {
		t.Fatalf("upload: %d %s", made.StatusCode, made.Text)
	}
	a := ada.SignedUp(c, "ada@example.com")
	if r := ada.API("POST", "/timesheets/upload", a.Access, `{"entries":[`+good+`]}`); r.StatusCode != 403 || !strings.Contains(r.Header.Get("WWW-Authenticate"), `scope="batch:upload"`) {
		t.Errorf("a person's upload: %d %s", r.StatusCode, r.Text)
	}
	if r := b.API("GET", "/timesheets", cron.Access, ""); r.StatusCode != 403 {
		t.Errorf("a machine's entries: %d, want 403", r.StatusCode)
	}
	list := ada.API("GET", "/timesheets?from=2026-06-05&to=2026-06-05", a.Access, "").JSON(t)["items"].([]any)
	if len(list) != 1 { // the bad batch left nothing
		t.Fatalf("Ada has %d entries on that day, want 1", len(list))
	}
	id := list[0].(map[string]any)["id"].(string)
	if r := ada.API("PUT", "/timesheets/"+id, a.Access, `{"project":"Apollo","date":"2026-06-05","hours":3}`); r.StatusCode != 428 {
		t.Errorf("a change without If-Match: %d, want 428", r.StatusCode)
	}
}

// The API's description needs no token, names its issuer, and can be read by
// the app of a registered origin.
func TestOpenAPIDocument(t *testing.T) {
	p := punchcardtest.New(t)
	a := p.Browser(t).Get("/api/openapi.json", "Origin", "http://localhost:3000")
	if a.StatusCode != 200 || a.Header.Get("Access-Control-Allow-Origin") != "http://localhost:3000" || a.Header.Get("ETag") == "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if servers := a.JSON(t)["servers"].([]any); servers[0].(map[string]any)["url"] != p.Base() {
		t.Errorf("servers: %v, want %s", servers, p.Base())
	}
	if !strings.Contains(a.Text, `"tokenUrl":"`+p.Base()+`/oauth/token"`) {
		t.Errorf("the document does not name the token endpoint of %s", p.Base())
	}
}
