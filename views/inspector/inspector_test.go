package inspector

import (
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth"
	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

func TestDiffers(t *testing.T) {
	for _, c := range []struct{ rule, expected, got, want string }{
		{"redirect-uri-exact", "https://app.example/callback", "https://app.example/callbacK", "differs from https://app.example/callback at character 28: “K” instead of “k”"},
		{"redirect-uri-exact", "https://app.example/cb", "https://app.example/cb/more", "goes on after character 22, where https://app.example/cb ends"},
		{"redirect-uri-exact", "https://app.example/cb/more", "https://app.example/cb", "ends after character 22, where https://app.example/cb/more goes on"},
		{"redirect-uri-exact", "https://a.example/ https://app.example/x", "https://app.example/y", "differs from https://app.example/x at character 21: “y” instead of “x”"},
		{"redirect-uri-exact", "http://127.0.0.1/callback", "http://127.0.0.1:4711/callbacc", "differs from http://127.0.0.1/callback at character 30: “c” instead of “k”"},
		{"redirect-uri-exact", "https://app.example/ä1", "https://app.example/ä2", "differs from https://app.example/ä1 at character 22: “2” instead of “1”"},
		{"redirect-uri-exact", "", "https://app.example/", ""},
		{"operation-scope", "read:timesheets", "write:timesheets", ""}, // a list, not a spelling
	} {
		if got := differs(record.Check{Rule: c.rule, Expected: c.expected, Got: c.got}); got != c.want {
			t.Errorf("%q against %q: %q, want %q", c.got, c.expected, got, c.want)
		}
		if got := differs(record.Check{Rule: c.rule, Expected: c.expected, Got: c.got, OK: true}); got != "" {
			t.Errorf("a check that passed differs: %q", got)
		}
	}
}

func TestClauseHref(t *testing.T) {
	for clause, want := range map[string]string{
		"RFC 7636 4.6":        "https://www.rfc-editor.org/rfc/rfc7636#section-4.6",
		"RFC 7009":            "https://www.rfc-editor.org/rfc/rfc7009",
		"OIDC Core 3.1.2.1":   "https://openid.net/specs/openid-connect-core-1_0.html",
		"OIDC Registration 2": "https://openid.net/specs/openid-connect-registration-1_0.html",
		"":                    "",
		"our own rule":        "",
	} {
		if got := clauseHref(clause); got != want {
			t.Errorf("%s: %s, want %s", clause, got, want)
		}
	}
}

// Values are found in every form and cut out whole; nothing that was sent can
// pass for the edge of one.
func TestPieces(t *testing.T) {
	code, state := record.NewValue(record.Code, "pcc_0123456789abcdef"), record.NewValue(record.State, "a state/with=odd&signs")
	m := newMarks([]record.Value{code, state})
	for _, c := range []struct {
		text string
		want []page.Piece
	}{
		{"code=pcc_0123456789abcdef;", []page.Piece{
			{Text: "code="}, {Text: "pcc_0123456789abcdef", Kind: page.KindCode, Value: code.ID(), Title: "authorization code " + code.ID()}, {Text: ";"},
		}},
		{"a+state%2Fwith%3Dodd%26signs", []page.Piece{{Text: "a+state%2Fwith%3Dodd%26signs", Kind: page.KindState, Value: state.ID(), Title: "state " + state.ID()}}},
		{"x \x000pcc\x01 y", []page.Piece{{Text: "x ␀0pcc␁ y"}}},
		{"p=" + record.Hidden, []page.Piece{{Text: "p="}, {Text: record.Hidden, Kind: page.KindMasked, Title: "never kept"}}},
		{"", nil},
	} {
		got := m.pieces(c.text, "")
		if len(got) != len(c.want) {
			t.Errorf("%q: %+v, want %+v", c.text, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%q: %+v, want %+v", c.text, got[i], c.want[i])
			}
		}
	}
	if got := m.ledger("authorization code " + code.ID()); len(got) != 2 || got[1].Value != code.ID() {
		t.Errorf("the ledger's id is not marked: %+v", got)
	}
}

func TestOperations(t *testing.T) {
	ops := operationsOf([]byte(`{"paths":{"/b":{"get":{"security":[{"oauth":["read:b"]}]},"delete":{"security":[{"oauth":["delete:b"]}]}},"/a":{"post":{}}}}`))
	var names []string
	for _, o := range ops {
		names = append(names, o.name+" "+strings.Join(o.scopes, " "))
	}
	if got := strings.Join(names, "; "); got != "POST /a ; GET /b read:b; DELETE /b delete:b" {
		t.Errorf("operations: %s", got)
	}
	d := &drawn{pages: &pages{operations: ops}}
	opens := d.opens(map[string]any{"scope": "read:b"}, "alive")
	if !opens[0].OK || !opens[1].OK || opens[2].OK || opens[2].Needs != "delete:b" {
		t.Errorf("opens %+v", opens)
	}
	for _, o := range d.opens(map[string]any{"scope": "read:b delete:b"}, "revoked") {
		if o.OK {
			t.Errorf("a revoked token opens %s", o.Operation)
		}
	}
}

func TestWordsForTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{5 * time.Second: "5 seconds", time.Minute: "1 minute", 15 * time.Minute: "15 minutes", time.Hour: "1 hour", 336 * time.Hour: "14 days", 90 * time.Second: "90 seconds"} {
		if got := lifetime(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{211 * time.Second: "3:31", time.Second: "0:01", 3661 * time.Second: "1:01:01"} {
		if got := countdown(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	now := time.Date(2026, 11, 23, 9, 24, 31, 0, time.Local)
	for at, want := range map[time.Time]string{now: "today 09:24:31", now.AddDate(0, 0, -1): "yesterday 09:24:31", now.AddDate(0, 0, -9): "14 November 09:24:31"} {
		if got := when(at, now); got != want {
			t.Errorf("%v is %q, want %q", at, got, want)
		}
	}
}

// A check is worded by its rule where the record has the words.
func TestAnExplainedCheck(t *testing.T) {
	d := &drawn{pages: &pages{Config: Config{RulesHref: "/docs/rules"}}, marks: newMarks(nil)}
	got := d.line(record.Check{Rule: "token-expiry", Must: "The token has not expired.", Why: "A lost one opens nothing for long."})
	if got.Rule != "The token has not expired." || got.Why != "A lost one opens nothing for long." || got.RuleHref != "/docs/rules#token-expiry" {
		t.Errorf("explained: %+v", got)
	}
	if got := d.line(record.Check{Rule: "scope"}); got.Rule != "scope" || got.Why != "" || got.RuleHref != "" { // of an older run
		t.Errorf("by its name alone: %+v", got)
	}
}

// What is compared with an ID is looked for in vain if no rule has it.
func TestRulesKnownByID(t *testing.T) {
	book := map[string]bool{}
	for _, r := range auth.Book() {
		book[r.ID] = true
	}
	for _, id := range append(exactRules, verifierRule, grantedRule, signedRule) {
		if !book[id] {
			t.Errorf("no rule is called %q", id)
		}
	}
}
