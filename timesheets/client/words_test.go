package client

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestParseChallenge(t *testing.T) {
	for header, want := range map[string]challenge{
		`Bearer`: {},
		`Bearer realm="timesheets", error="insufficient_scope", scope="approve:timesheets"`: {"realm": "timesheets", "error": "insufficient_scope", "scope": "approve:timesheets"},
		`bearer Error=invalid_token,error_description="it said \"no\", twice"`:              {"error": "invalid_token", "error_description": `it said "no", twice`},
		`Bearer scope="a b" , max_age=5`:                                                    {"scope": "a b", "max_age": "5"},
		`Bearer error="first", error="second"`:                                              {"error": "first"},
		`Bearer error="it never ends`:                                                       {},
		`Basic realm="x"`:                                                                   {},
		`DPoP error="invalid_token"`:                                                        {},
	} {
		if got := parseChallenge([]string{header}); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", header, got, want)
		}
	}
	if got := parseChallenge([]string{`DPoP algs="ES256"`, `Bearer error="invalid_token"`}); got["error"] != "invalid_token" {
		t.Errorf("among two: %v", got)
	}
}

// How the API says no, and what the person is told to do.
func TestProblems(t *testing.T) {
	a := &app{server: "http://localhost:8484"}
	for name, row := range map[string]struct {
		status            int
		challenge, detail string
		code              int
		says              []string
	}{
		"scope":         {403, `Bearer error="insufficient_scope", scope="approve:timesheets"`, "", 4, []string{"scope approve:timesheets", "punchcard login --add-scope approve:timesheets"}},
		"scope unnamed": {403, `Bearer error="insufficient_scope"`, "", 4, []string{"scope read:timesheets"}},
		"step-up":       {401, `Bearer error="insufficient_user_authentication", error_description="x", max_age="300"`, "", 1, []string{"no older than 300 seconds", "punchcard login --fresh"}},
		"invalid":       {401, `Bearer error="invalid_token"`, "The access token is not valid: it was revoked.", 1, []string{"it was revoked.", "punchcard login"}},
		"forbidden":     {403, "", "Nobody can approve an entry of their own.", 4, []string{"Nobody can"}},
		"busy":          {503, "", "The data cannot be reached right now.", 1, []string{"cannot be reached", "Try again in"}},
		"no problem":    {502, "", "", 1, []string{"Bad Gateway"}},
		"a trick":       {409, "", "\x1b[2J\u202egone", 1, []string{"[2Jgone"}},
	} {
		got := &answer{status: row.status, header: http.Header{"Content-Type": {"application/problem+json"}}}
		if row.challenge != "" {
			got.header.Set("WWW-Authenticate", row.challenge)
		}
		if row.detail != "" {
			got.body = []byte(`{"title":"x","detail":"` + strings.ReplaceAll(row.detail, "\x1b", `\u001b`) + `"}`)
		}
		err := a.problem(got, call{scope: "read:timesheets"})
		if f := err.(*failure); f.code != row.code {
			t.Errorf("%s: exit %d, want %d", name, f.code, row.code)
		}
		for _, says := range row.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s does not say %q: %s", name, says, err)
			}
		}
		if strings.ContainsAny(err.Error(), "\x1b\u202e") {
			t.Errorf("%s reaches the terminal raw: %q", name, err)
		}
	}
}

func TestHours(t *testing.T) {
	for text, want := range map[string]hours{"7.5": 7.5, "7,5": 7.5, "7:30": 7.5, "7h30": 7.5, "7h30m": 7.5, "7h": 7, "30m": 0.5, "90m": 1.5, "0.25": 0.25, "24": 24, ":15": 0.25, "7h45": 7.75} {
		var h hours
		if err := h.UnmarshalText([]byte(text)); err != nil || h != want {
			t.Errorf("%s = %v %v, want %v", text, h, err, want)
		}
	}
	for _, text := range []string{"", "soon", "7:75", "h", "m", ":", "7h-30", "NaN", "Inf", "1e300", "7:30:00"} {
		var h hours
		if err := h.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s = %v, want a refusal", text, h)
		}
	}
}

func TestDay(t *testing.T) {
	for text, want := range map[string]day{"2026-03-31": "2026-03-31", "today": dayOf(time.Now()), "Yesterday": dayOf(time.Now().AddDate(0, 0, -1))} {
		var d day
		if err := d.UnmarshalText([]byte(text)); err != nil || d != want {
			t.Errorf("%s = %v %v, want %v", text, d, err, want)
		}
	}
	for _, text := range []string{"2026-02-30", "31.3.2026", "tomorrow"} {
		var d day
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s = %v, want a refusal", text, d)
		}
	}
}

// A table lines up whatever is in it, and is cut at the window alone.
func TestTable(t *testing.T) {
	var b bytes.Buffer
	a := &app{Terminal: Terminal{Out: &b}}
	tbl := table{head: []string{"ID", "PROJECT", "HOURS", "NOTES"}, right: 2, rows: [][]string{
		{"1", "日本", "1.00", "x"}, {"22", "café\u0301", "10.50", strings.Repeat("long ", 40)},
	}}
	if err := tbl.print(a); err != nil {
		t.Fatal(err)
	}
	want := "ID  PROJECT  HOURS  NOTES\n1   日本      1.00  x\n22  café\u0301     10.50  " + strings.TrimSpace(strings.Repeat("long ", 40)) + "\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	for text, want := range map[string]string{"short": "short", "exactly te": "exactly te", "longer than ten": "longer th…", "日本語日本語": "日本語日…"} {
		if got := cut(text, 10); got != want || cells(got) > 10 {
			t.Errorf("cut(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for word, want := range map[string]string{"approve:timesheets": "approve:timesheets", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$(rm)": "'$(rm)'"} {
		if got := quoted(word); got != want {
			t.Errorf("quoted(%q) = %s, want %s", word, got, want)
		}
	}
}
