package timesheets

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheListAsCSV(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	first := w.do(ada, "POST /api/timesheets", `{"project":"=1+1","date":"2026-03-16","hours":7.25,"notes":"say \"hi\",\nthen\tgo"}`).want(201).entry()
	second := w.do(ada, "POST /api/timesheets", `{"project":"@SUM(A1)","date":"2026-03-15","hours":8,"notes":"\ttabbed"}`).want(201).entry()
	w.clock = now.Add(30 * time.Minute)
	w.do(grace, "PUT /api/approvals/"+second.ID, `{"decision":"reject","comment":"-2+3"}`).want(200)
	r := w.do(ada, "GET /api/timesheets", "", "Accept", "text/csv").want(200)
	want := "id,user_id,project,date,hours,notes,status,decided_by,decided_at,comment,created_at,updated_at\r\n" +
		first.ID + `,usr_ada,'=1+1,2026-03-16,7.25,"say ""hi"",` + "\r\nthen\tgo\",pending,,,,2026-03-18T10:30:00Z,2026-03-18T10:30:00Z\r\n" +
		second.ID + ",usr_ada,'@SUM(A1),2026-03-15,8,'\ttabbed,rejected,usr_grace,2026-03-18T11:00:00Z,'-2+3,2026-03-18T10:30:00Z,2026-03-18T11:00:00Z\r\n"
	if r.body != want {
		t.Errorf("got\n%q\nwant\n%q", r.body, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/csv; charset=utf-8; header=present", "Content-Disposition": `attachment; filename="timesheets.csv"`, "Vary": "Accept",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	empty := w.do(ada, "GET /api/timesheets?from=2026-04-01", "", "Accept", "text/csv").want(200).body
	if empty != strings.SplitAfter(want, "\n")[0] {
		t.Errorf("no entries: %q", empty)
	}
	if r := w.do(ada, "GET /api/timesheets?limit=x", "", "Accept", "text/csv").want(422); r.header.Get("Content-Disposition") != "" {
		t.Errorf("%v", r.header)
	}
	if r := w.do(ada, "HEAD /api/timesheets", "", "Accept", "text/csv").want(200); r.body != "" || r.header.Get("Content-Type") != csvType {
		t.Errorf("HEAD: %v %q", r.header, r.body)
	}
}

func TestCellsThatASpreadsheetWouldRun(t *testing.T) {
	for cell, want := range map[string]string{
		"=1": "'=1", "＝1": "'＝1", "＠a": "'＠a", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "'\ta", "\ra": "'\ra", "\n=1": "'\n=1", "": "", "a=1": "a=1", "'=1": "'=1", "ü": "ü", "1": "1",
	} {
		if got := inert(cell); got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}

// RFC 9110 12.5.1: weights, and the most specific range decides.
func TestAcceptDecidesTheForm(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	for accept, csv := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "text/html": false, "application/*": false, "text/csv, application/json": false,
		"text/csv": true, "TEXT/CSV": true, "text/*": true, "text/csv; charset=utf-8": true, "text/csv;q=0.2": true,
		"application/json;q=0.5, text/csv": true, "application/json, text/csv;q=0.9": false, "text/csv;q=0.5,application/json;q=0.6": false,
		"text/csv, */*;q=0.1": true, "text/csv;q=0.1, */*": false, "*/*, text/csv;q=0": false, "*/*, application/json;q=0": true,
		"text/*;q=0.9, text/csv;q=0.1, application/json;q=0.5": false, "text/csv;q=0": false, "text/csv;q=x": false, "text/csv;q=2": false,
		"text/csv;q=NaN": false, "text/csvx": false, ";": false, "text/csv;": true, "garbage, text/csv": true,
		"text/html,application/xhtml+xml,*/*;q=0.8": false,
	} {
		want := jsonType
		if csv {
			want = csvType
		}
		r := w.do(ada, "GET /api/timesheets", "", "Accept", accept).want(200)
		if got := r.header.Get("Content-Type"); got != want || !slices.Contains(r.header.Values("Vary"), "Accept") {
			t.Errorf("Accept %q: %s, Vary %q", accept, got, r.header.Values("Vary"))
		}
	}
	r, _ := http.NewRequest("GET", w.server.URL+"/api/timesheets", nil)
	r.Header = http.Header{"Authorization": {"Bearer " + ada}, "Accept": {"application/json;q=0.1", "text/csv"}} // two lines are one list
	if got := w.send(r).want(200).header.Get("Content-Type"); got != csvType {
		t.Errorf("two lines: %s", got)
	}
}

func TestVaryIsAddedToWhatIsThere(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest("GET", "/api/timesheets", nil)
	r.Header.Set("Authorization", "Bearer "+w.token("usr_ada", everyScope...))
	rec := httptest.NewRecorder()
	rec.Header().Add("Vary", "Origin") // as whoever cares for other origins does before
	w.api.Handler().ServeHTTP(rec, r)
	if got := rec.Header().Values("Vary"); !slices.Equal(got, []string{"Origin", "Accept"}) {
		t.Errorf("Vary %q", got)
	}
}

// RFC 8288: the link leads to the next page of the same list, in either form.
func TestLinksLeadThroughAllPages(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	w.fortnight(ada)
	w.do(ada, "POST /api/timesheets", `{"project":"A&B <c>; \"d\"","date":"2026-03-20","hours":1}`).want(201)
	w.do(ada, "POST /api/timesheets", `{"project":"A&B <c>; \"d\"","date":"2026-03-21","hours":1}`).want(201)
	for _, list := range []struct {
		token, path, accept string
		pages, entries      int
	}{
		{ada, "/api/timesheets?limit=5", "text/csv", 4, 16},
		{ada, "/api/timesheets?limit=5", "application/json", 4, 16},
		{ada, "/api/timesheets?limit=4&from=2026-03-02&to=2026-03-12&project=Engine&status=pending", "text/csv", 2, 5},
		{ada, "/api/timesheets?limit=1&project=" + url.QueryEscape(`A&B <c>; "d"`), "text/csv", 2, 2},
		{ada, "/api/timesheets", "text/csv", 1, 16},
		{grace, "/api/approvals?limit=6", "application/json", 3, 16},
	} {
		seen, pages := map[string]bool{}, 0
		for next := list.path; next != ""; pages++ {
			r := w.do(list.token, "GET "+next, "", "Accept", list.accept).want(200)
			for _, id := range idsIn(r) {
				if seen[id] {
					t.Errorf("%s: %s twice", list.path, id)
				}
				seen[id] = true
			}
			link, found := strings.CutSuffix(r.header.Get("Link"), `>; rel="next"`)
			next = strings.TrimPrefix(link, "<")
			if !found && link != "" || strings.ContainsAny(next, "<>\" ") {
				t.Fatalf("Link %s", r.header.Get("Link"))
			}
			if list.accept == jsonType && (next == "") != (r.list().NextCursor == "") {
				t.Errorf("Link %q beside next_cursor %q", next, r.list().NextCursor)
			}
		}
		if pages != list.pages || len(seen) != list.entries {
			t.Errorf("%s as %s: %d pages with %d entries, want %d with %d", list.path, list.accept, pages, len(seen), list.pages, list.entries)
		}
	}
}

func idsIn(r reply) (ids []string) {
	if r.header.Get("Content-Type") == jsonType {
		for _, e := range r.list().Items {
			ids = append(ids, e.ID)
		}
		return ids
	}
	table, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, row := range table[1:] {
		ids = append(ids, row[0])
	}
	return ids
}
