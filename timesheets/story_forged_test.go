package timesheets_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/keys"
	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
	"github.com/exampleco/punchcard/auth/stack"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// ring opens the keys of a stopped program.
func ring(t *testing.T, p *punchcardtest.Server) *keys.Ring {
	t.Helper()
	file, err := sqlite.Open(t.Context(), p.File, sqlite.Options{Migrations: stack.Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close(context.WithoutCancel(t.Context()))
	ring, err := keys.Open(t.Context(), keys.Config{Writer: file, Read: file.Read(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// forged signs tokens with the server's own keys that differ from a good one
// in one claim alone; nil takes it away. Each must be refused, by the check
// that reads this claim.
func forged(claim string, values ...any) func(*testing.T) {
	return func(t *testing.T) {
		p := punchcardtest.New(t)
		b := p.Browser(t)
		good := b.SignedUp(agent.Mobile(), "ada@example.com").Access
		said := agent.Claims(t, good, 1)
		p.Stop()
		ring := ring(t, p)
		q := p.Again(t)
		b.Issuer = q.Issuer
		for _, value := range values {
			edited := maps.Clone(said)
			switch v := value.(type) {
			case nil:
				delete(edited, claim)
			case string:
				edited[claim] = strings.ReplaceAll(v, "{base}", q.Base())
			default:
				edited[claim] = v
			}
			token, err := ring.Sign("ES256", "at+jwt", edited)
			if err != nil {
				t.Fatal(err)
			}
			before := len(q.Log.String())
			if a := b.API("GET", "/me", token, ""); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s %v: %d %s", claim, value, a.StatusCode, a.Header.Get("WWW-Authenticate"))
			}
			// The file does not know these tokens either; that must not be why.
			if ledger := q.Log.String()[before:]; strings.Contains(ledger, `"rule":"access-token-not-revoked"`) {
				t.Errorf("%s %v came as far as the file", claim, value)
			}
			if a := b.Introspect(token); strings.TrimSpace(a.Text) != `{"active":false}` {
				t.Errorf("%s %v at introspection: %s", claim, value, a.Text)
			}
		}
		if a := b.API("GET", "/me", good, ""); a.StatusCode != 200 {
			t.Errorf("the good token: %d", a.StatusCode)
		}
	}
}

// OWASP ASVS 10.3.2: who may approve is not decided by the scope alone. The
// token is one that the server would never issue, so the file refuses it
// first; that the API itself asks who reports to whom is timesheets' test.
func forgedScope(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	said := agent.Claims(t, b.SignedUp(agent.Mobile(), "ada@example.com").Access, 1)
	p.Stop()
	ring := ring(t, p)
	q := p.Again(t)
	b.Issuer = q.Issuer
	said["scope"] = fmt.Sprint(said["scope"], " approve:timesheets")
	token, err := ring.Sign("ES256", "at+jwt", said)
	if err != nil {
		t.Fatal(err)
	}
	if a := b.API("GET", "/approvals", token, ""); a.StatusCode != 401 && a.StatusCode != 403 {
		t.Errorf("an employee with the scope: %d", a.StatusCode)
	}
}
