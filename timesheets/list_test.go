package timesheets

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// fortnight gives Ada an entry on each of the first 14 days of March.
func (w *world) fortnight(token string) {
	for day := 1; day <= 14; day++ {
		project := "Engine"
		if day%2 == 0 {
			project = "Translation"
		}
		w.do(token, "POST /api/timesheets", fmt.Sprintf(`{"project":%q,"date":"2026-03-%02d","hours":1}`, project, day)).want(201)
	}
}

func days(items []entry) string {
	var d []string
	for _, e := range items {
		d = append(d, strings.TrimPrefix(e.Date, "2026-03-"))
	}
	return strings.Join(d, " ")
}

func TestListFilters(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	w.fortnight(ada)
	w.add(w.token("usr_alan", everyScope...), "2026-03-13", 1)
	first := w.do(ada, "GET /api/timesheets?from=2026-03-14", "").list().Items[0]
	w.do(grace, "PUT /api/approvals/"+first.ID, "").want(200)
	for query, want := range map[string]string{
		"":                                    "14 13 12 11 10 09 08 07 06 05 04 03 02 01",
		"from=2026-03-12":                     "14 13 12",
		"to=2026-03-02":                       "02 01",
		"from=2026-03-05&to=2026-03-07":       "07 06 05",
		"from=2026-03-05&to=2026-03-05":       "05",
		"project=Translation&from=2026-03-10": "14 12 10",
		"project=engine":                      "", // exactly
		"project=Engine%00":                   "",
		"project=" + url.QueryEscape("' OR 1=1--"):              "",
		"project=" + url.QueryEscape("%"):                       "",
		"status=approved":                                       "14",
		"status=rejected":                                       "",
		"status=pending&from=2026-03-13":                        "13",
		"limit=2":                                               "14 13",
		"from=2026-03-14&user_id=usr_alan&sort=x&unknown=%zz":   "14", // unknown parameters are ignored
		"from=2026-03-14&limit=":                                "14",
		"from=2026-03-14&access_token=x&_method=DELETE&limit=1": "14",
	} {
		if got := days(w.do(ada, "GET /api/timesheets?"+query, "").want(200).list().Items); got != want {
			t.Errorf("?%s: %s, want %s", query, got, want)
		}
	}
	for query, at := range map[string]string{
		"limit=0": "limit", "limit=-1": "limit", "limit=201": "limit", "limit=1000000000": "limit",
		"limit=99999999999999999999": "limit", "limit=1.5": "limit", "limit=x": "limit", "limit=0x10": "limit",
		"from=2026-02-30": "from", "to=tomorrow": "to", "from=2026-3-1": "from", "status=open": "status", "status=Pending": "status",
		"from=2026-03-02&to=2026-03-01": "to", "limit=x&from=y&status=z": "from limit status",
	} {
		if got := w.do(ada, "GET /api/timesheets?"+query, "").want(422).at(); got != at {
			t.Errorf("?%s: errors at %q, want %q", query, got, at)
		}
	}
	w.do(ada, "GET /api/timesheets?limit=1", "").want(200)
	w.do(ada, "GET /api/timesheets?limit=200", "").want(200)
}

func TestPagesCoverAListOnceEach(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	w.fortnight(ada)
	for range 10 { // one day, one millisecond: only the id tells them apart
		w.add(ada, "2026-03-20", 0.25)
	}
	seen := map[string]bool{}
	cursor, pages := "", 0
	for {
		l := w.do(ada, "GET /api/timesheets?limit=4&cursor="+cursor, "").want(200).list()
		for _, e := range l.Items {
			if seen[e.ID] {
				t.Errorf("%s twice", e.ID)
			}
			seen[e.ID] = true
		}
		pages++
		if cursor = l.NextCursor; cursor == "" {
			break
		}
		if pages == 2 { // what is added at the top does not push anything onto a page again
			w.add(ada, "2026-03-21", 1)
		}
	}
	if len(seen) != 24 || pages != 6 {
		t.Errorf("%d entries on %d pages, want 24 on 6: the last page is full and has no cursor", len(seen), pages)
	}
}

func TestTheDefaultPageHas50(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	for i := range 51 {
		w.add(ada, fmt.Sprintf("2026-%02d-%02d", i/20+1, i%20+1), 1)
	}
	l := w.do(ada, "GET /api/timesheets", "").want(200).list()
	if len(l.Items) != 50 || l.NextCursor == "" {
		t.Errorf("%d entries, cursor %q", len(l.Items), l.NextCursor)
	}
}

func TestCursorsCannotBeForged(t *testing.T) {
	w := newWorld(t)
	ada, alan, grace := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...), w.token("usr_grace", everyScope...)
	w.fortnight(ada)
	w.fortnight(alan)
	w.fortnight(grace)
	cursor := w.do(ada, "GET /api/timesheets?limit=2", "").want(200).list().NextCursor
	if got := days(w.do(ada, "GET /api/timesheets?limit=1&cursor="+cursor, "").want(200).list().Items); got != "12" {
		t.Errorf("the page after: %s", got) // another limit is fine
	}
	raw, _ := base64.RawURLEncoding.DecodeString(cursor)
	for i := range raw {
		edited := append([]byte(nil), raw...)
		edited[i] ^= 1
		w.do(ada, "GET /api/timesheets?cursor="+base64.RawURLEncoding.EncodeToString(edited), "").want(400)
	}
	approvals := w.do(grace, "GET /api/approvals?limit=2", "").want(200).list().NextCursor
	own := w.do(grace, "GET /api/timesheets?limit=2", "").want(200).list().NextCursor
	for query, token := range map[string]string{
		"timesheets?cursor=" + cursor:                           alan, // another caller's
		"timesheets?project=Engine&cursor=" + cursor:            ada,  // other filters
		"timesheets?status=pending&cursor=" + cursor:            ada,
		"timesheets?from=2026-03-01&cursor=" + cursor:           ada,
		"timesheets?cursor=" + cursor + "A":                     ada,
		"timesheets?cursor=" + cursor[:len(cursor)-1]:           ada,
		"timesheets?cursor=x":                                   ada,
		"timesheets?cursor=" + url.QueryEscape("' OR 1=1--"):    ada,
		"timesheets?cursor=" + url.QueryEscape(cursor+"\n"):     ada,
		"timesheets?cursor=" + approvals:                        grace, // another list's
		"approvals?cursor=" + own:                               grace,
		"timesheets?cursor=" + strings.Repeat("A", 4000):        ada,
		"timesheets?cursor=MjAyNi0wMy0xM3wwfHRzX2FhYWFhYWFhYWE": ada, // "2026-03-13|0|ts_aaaaaaaaaa", unsigned
	} {
		if got := w.do(token, "GET /api/"+query, "").want(400).at(); got != "cursor" {
			t.Errorf("%s: errors at %q", query, got)
		}
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="cursor-genuine"`, `verdict="fail"`)
}

func TestCursorsOutliveARestartAndNotTheFile(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	w.fortnight(ada)
	cursor := w.do(ada, "GET /api/timesheets?limit=2", "").want(200).list().NextCursor
	again, err := New(Config{Writer: w.writes, Read: w.db, Verifier: w.tokens, Directory: w.staff,
		Audience: tokenAudience, Issuer: tokenIssuer, Now: w.api.now, Log: w.api.log})
	if err != nil {
		t.Fatal(err)
	}
	w.server.Config.Handler = again.Handler()
	w.do(ada, "GET /api/timesheets?cursor="+cursor, "").want(200)

	other := newWorld(t)
	other.do(other.token("usr_ada", everyScope...), "GET /api/timesheets?cursor="+cursor, "").want(400)
}
