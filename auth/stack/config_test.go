package stack_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

const ownConfig = `
roles:
  - id: reader
    name: reader
    permissions: [read:timesheets]
apis:
  - identifier: "{base}/api"
    name: Timesheets
    signing_alg: RS256
    scopes:
      - {name: read:timesheets, title: See timesheets, description: Yours only., default: true}
      - {name: create:timesheets, title: Add timesheets, description: In your name., default: true}
people:
  - {id: usr_ada, email: ada@own.example, name: Ada King, password: correct horse battery, roles: [reader], show_on_login: true}
clients:
  - id: own-app
    name: Own App
    kind: native
    redirect_uris: ["http://127.0.0.1/callback"]
    grants: [authorization_code, refresh_token]
    scopes: [openid, read:timesheets, create:timesheets, offline_access]
    id_token_signed_response_alg: ES256
`

// A configuration of one's own takes the place of the seed, and what the seed
// declared and it does not is gone, tokens and sessions included.
func TestConfigOfOnesOwn(t *testing.T) {
	p := punchcardtest.New(t)
	port := p.URL[strings.LastIndex(p.URL, ":")+1:]
	grace, c := p.Browser(t), agent.Mobile()
	before := grace.SignedUp(c, "grace@example.com")
	p.Stop()

	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, []byte(ownConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	q := punchcardtest.New(t, punchcardtest.File(p.File), punchcardtest.Flags("--addr", "127.0.0.1:"+port, "--config", file))
	grace.Issuer = q.Issuer
	agent.Refused(t, grace.Refresh(c, before.Refresh), 401, "invalid_client")
	if a := grace.API("GET", "/me", before.Access, ""); a.StatusCode != 401 {
		t.Errorf("a removed client's token: %d", a.StatusCode)
	}
	b, own := q.Browser(t), agent.Mobile()
	own.ID, own.Scope = "own-app", "openid read:timesheets create:timesheets offline_access"
	page := b.SignIn(b.Follow(b.Get(own.AuthorizeURL())), "ada@own.example", "correct horse battery")
	if boxes := page.Form(t).Boxes; boxes["create:timesheets"] != "disabled" {
		t.Errorf("a reader can give create: %q", boxes["create:timesheets"])
	}
	got := b.Tokens(b.Exchange(own, b.Arrive(own, b.Decide(page, "allow", nil)).Get("code")))
	if alg := agent.Claims(t, got.Access, 0)["alg"]; alg != "RS256" {
		t.Errorf("the API's signing_alg is RS256, the token has %v", alg)
	}
	if alg := agent.Claims(t, got.ID, 0)["alg"]; alg != "ES256" {
		t.Errorf("the client is registered for ES256, the ID token has %v", alg)
	}
	if got.Scope != "openid offline_access read:timesheets" && got.Scope != "openid read:timesheets offline_access" {
		t.Errorf("scope %q", got.Scope)
	}
	q.Stop()
	for _, file := range []string{q.File, q.File + "-wal"} {
		if raw, _ := os.ReadFile(file); bytes.Contains(raw, []byte("correct horse battery")) {
			t.Errorf("%s holds the password", filepath.Base(file))
		}
	}
	if strings.Contains(q.Log.String(), "correct horse battery") {
		t.Error("the log holds the password")
	}

	// With the seed again, what it declares is back; what was revoked is not.
	r := punchcardtest.New(t, punchcardtest.File(p.File), punchcardtest.Flags("--addr", "127.0.0.1:"+port))
	grace.Issuer = r.Issuer
	agent.Refused(t, grace.Refresh(c, before.Refresh), 400, "invalid_grant")
	grace.SignedUp(c, "grace@example.com")
}

// A configuration may serve other APIs alone; that ours then takes no token is
// said at the start, and not first by its 401s.
func TestAConfigurationWithoutOurAPI(t *testing.T) {
	const warning = "the Timesheets API takes none"
	p := punchcardtest.New(t, punchcardtest.Flags("--config", punchcardtest.Config(t, punchcardtest.Replacing(`identifier: "{base}/api"`, `identifier: "{base}/other"`))))
	if !strings.Contains(p.Log.String(), warning) {
		t.Error("no warning")
	}
	// CONTRACT: where standard error is no terminal, one JSON line takes the
	// banner's place, and what reads it takes the first line for it.
	if first, _, _ := strings.Cut(p.Log.String(), "\n"); !strings.Contains(first, `"msg":"ready"`) {
		t.Errorf("the first line is %s", first)
	}
	if q := punchcardtest.New(t); strings.Contains(q.Log.String(), warning) {
		t.Error("a warning for the built-in configuration")
	}
}
