package catalogue

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// day is one that nobody else has hours on, so that cases can be run again
// against the same file.
func day() string {
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rand.IntN(7000)).Format(time.DateOnly)
}

func entryOn(date string, hours any) string {
	return fmt.Sprintf(`{"project":"Catalogue","date":"%s","hours":%v}`, date, hours)
}

// file creates an entry and returns its id.
func (a *agent) file(token, date string, hours any) string {
	a.t.Helper()
	at := a.api("POST", "/timesheets", token, entryOn(date, hours))
	if at.StatusCode != http.StatusCreated {
		a.t.Fatalf("create: %d %s", at.StatusCode, at.body)
	}
	return at.json(a.t)["id"].(string)
}

// people are an employee and her manager, with all that their roles give.
func people(t *testing.T) (a *agent, hers, managers string) {
	t.Helper()
	a = newAgent(t)
	return a, a.granted(native(), ada).Access, newAgent(t).granted(native(), grace).Access
}

// operations are the routes of the contract, each with its scope.
var operations = []struct{ method, path, body, scope string }{
	{"GET", "/timesheets", "", "read:timesheets"},
	{"POST", "/timesheets", `{}`, "create:timesheets"},
	{"GET", "/timesheets/none", "", "read:timesheets"},
	{"PUT", "/timesheets/none", `{"project":"x","date":"2026-06-05","hours":1}`, "create:timesheets"},
	{"DELETE", "/timesheets/none", "", "delete:timesheets"},
	{"GET", "/approvals", "", "approve:timesheets"},
	{"PUT", "/approvals/none", `{"decision":"approve"}`, "approve:timesheets"},
}

// resourceServer is the Timesheets API.
var resourceServer = map[string]func(*testing.T){
	"RS-01": func(t *testing.T) {
		a := newAgent(t)
		for _, op := range operations {
			at := a.do(op.method, "/api"+op.path, "")
			problem(t, op.path, at, 401, "Bearer ", "realm=", "resource_metadata=")
			if strings.Contains(at.Header.Get("WWW-Authenticate"), "error=") {
				t.Errorf("%s: an error code where no token was sent (RFC 6750 3.1)", op.path)
			}
		}
	},
	"RS-02": func(t *testing.T) {
		a := newAgent(t)
		for _, token := range []string{"x", "e30.e30.e30", "pca_unknown", strings.Repeat("a", 4096)} {
			problem(t, token, a.api("GET", "/timesheets", token, ""), 401, invalidToken)
		}
	},
	"RS-03": func(t *testing.T) {
		a := newAgent(t)
		scopes := []string{"read:timesheets", "create:timesheets", "delete:timesheets", "approve:timesheets"}
		for _, scope := range scopes {
			token := a.granted(native().asking("openid "+scope), grace).Access
			for _, op := range operations {
				at := a.api(op.method, op.path, token, op.body)
				if op.scope == scope {
					if at.StatusCode == 401 || at.StatusCode == 403 {
						t.Errorf("%s %s with %s: %d", op.method, op.path, scope, at.StatusCode)
					}
					continue
				}
				problem(t, op.method+" "+op.path+" with "+scope, at, 403, insufficientScope, `scope="`+op.scope+`"`)
			}
		}
	},
	"RS-04": func(t *testing.T) {
		a, token, _ := people(t)
		problem(t, "in the URL", a.get("/api/timesheets?access_token="+token), 401)
		at := a.get("/userinfo?access_token=" + token)
		if at.StatusCode != 401 && at.StatusCode != 400 {
			t.Errorf("userinfo: %d", at.StatusCode)
		}
	},
	"RS-05": func(t *testing.T) {
		a, token, _ := people(t)
		form := url.Values{"access_token": {token}}
		// CONTRACT: "Content type missing or other: 415": the API reads no forms at all.
		problem(t, "header and form at the API", a.post("/api/timesheets", form, "Authorization", "Bearer "+token), 415)
		at := a.post("/userinfo", form, "Authorization", "Bearer "+token)
		if at.StatusCode != 400 || !strings.Contains(at.Header.Get("WWW-Authenticate"), `error="invalid_request"`) {
			t.Errorf("header and form at userinfo: %d %s, want invalid_request (RFC 6750 2, 3.1)", at.StatusCode, at.Header.Get("WWW-Authenticate"))
		}
	},
	"RS-06": func(t *testing.T) {
		a, token, _ := people(t)
		for _, scheme := range []string{"Bearer", "bearer", "BEARER"} { // RFC 9110 11.1
			if at := a.get("/api/me", "Authorization", scheme+" "+token); at.StatusCode != 200 {
				t.Errorf("%s: %d", scheme, at.StatusCode)
			}
		}
		for _, header := range []string{"Basic " + token, token, "Bearer", "Bearer " + token + " x", "Bearer " + token + ","} {
			if at := a.get("/api/me", "Authorization", header); at.StatusCode != 401 && at.StatusCode != 400 {
				t.Errorf("%.20s: %d", header, at.StatusCode)
			}
		}
		two := raw(t, "GET /api/me HTTP/1.1\r\nHost: "+host()+"\r\nAuthorization: Bearer "+token+"\r\nAuthorization: Bearer "+token+"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(two, "HTTP/1.1 400") && !strings.HasPrefix(two, "HTTP/1.1 401") {
			t.Errorf("two Authorization headers: %.60s", two)
		}
	},
	"RS-07": func(t *testing.T) {
		a, hers, managers := people(t)
		id := a.file(hers, day(), 1)
		unknown := a.api("GET", "/timesheets/none", managers, "")
		problem(t, "unknown", unknown, 404)
		for _, path := range []string{id, "-1", "0", "1", "9223372036854775808", "1e3", "1%00", "%2e%2e%2fme", "'"} {
			for _, method := range []string{"GET", "DELETE"} {
				at := a.api(method, "/timesheets/"+path, managers, "")
				problem(t, method+" "+path, at, 404)
				if method == "GET" && path == id && stable(at) != stable(unknown) {
					t.Errorf("another's entry is told from none: %s / %s", at.body, unknown.body)
				}
			}
		}
		if at := a.api("GET", "/timesheets/"+id, hers, ""); at.StatusCode != 200 {
			t.Errorf("her own: %d", at.StatusCode)
		}
	},
	"RS-08": func(t *testing.T) {
		// AZ-42 shows that she cannot get the scope; here is what happens
		// without it. The case with the scope and without the role needs the
		// keys.
		a, hers, _ := people(t)
		id := newAgent(t).filed(alan, day(), 1)
		problem(t, "list", a.api("GET", "/approvals", hers, ""), 403, insufficientScope)
		problem(t, "approve", a.api("PUT", "/approvals/"+id, hers, `{"decision":"approve"}`), 403, insufficientScope)
	},
	"RS-09": func(t *testing.T) {
		a, _, managers := people(t)
		id := a.file(managers, day(), 1)
		problem(t, "her own", a.api("PUT", "/approvals/"+id, managers, `{"decision":"approve"}`), 403)
		if at := a.api("GET", "/timesheets/"+id, managers, ""); at.json(t)["status"] != "pending" {
			t.Errorf("status %v", at.json(t)["status"])
		}
	},
	"RS-11": func(t *testing.T) {
		a, hers, _ := people(t)
		date := day()
		for field, value := range map[string]string{"user_id": `"usr_alan"`, "status": `"approved"`, "approved": "true", "decided_by": `"usr_ada"`, "id": "1", "created_at": `"2020-01-01T00:00:00Z"`, "Project": `"x"`} {
			at := a.api("POST", "/timesheets", hers, fmt.Sprintf(`{"project":"x","date":"%s","hours":1,"%s":%s}`, date, field, value))
			problem(t, field, at, 422)
			if !strings.Contains(at.body, `"pointer":"`) || strings.Contains(at.body, "usr_alan") {
				t.Errorf("%s: no pointer, or an echo: %s", field, at.body)
			}
		}
		if items := a.api("GET", "/timesheets?from="+date+"&to="+date, hers, "").json(t)["items"].([]any); len(items) != 0 {
			t.Errorf("%d entries were stored", len(items))
		}
	},
	"RS-12": func(t *testing.T) {
		a, hers, _ := people(t)
		for _, hours := range []string{"-1", "0", "24.01", "24.25", "1e309", `"8"`, "null", "8.000000001", "0.1", "true", "[]", "-0"} {
			at := a.api("POST", "/timesheets", hers, entryOn(day(), hours))
			if at.StatusCode != 422 && at.StatusCode != 400 {
				t.Errorf("hours %s: %d %.200s", hours, at.StatusCode, at.body)
			}
		}
		problem(t, "NaN", a.api("POST", "/timesheets", hers, entryOn(day(), "NaN")), 400)
		for _, hours := range []string{"0.25", "24", "7.5", "1e0", "8.0"} {
			a.file(hers, day(), hours)
		}
	},
	"RS-13": func(t *testing.T) {
		a, hers, _ := people(t)
		date := day()
		won := map[int]int{}
		for _, at := range a.all(20, func() *http.Request { return apiRequest("POST", "/timesheets", hers, entryOn(date, 5)) }) {
			won[at.StatusCode]++
		}
		if won[201] != 4 || won[201]+won[409]+won[422] != 20 {
			t.Errorf("20 posts of 5 hours on one day: %v, want 4 taken", won)
		}
	},
	"RS-14": func(t *testing.T) {
		a, hers, _ := people(t)
		for _, date := range []string{"2026-02-30", "0000-00-00", "2026-13-01", "2026-1-1", "2026-06-05T00:00:00+14:00", "2026-06-05T23:59:60Z", "tomorrow", "", "2026-06-05 ", "20260605"} {
			problem(t, date, a.api("POST", "/timesheets", hers, entryOn(date, 1)), 422)
		}
		for _, date := range []string{"2024-02-29", "1999-12-31"} {
			at := a.api("POST", "/timesheets", hers, entryOn(date, 0.25))
			if at.StatusCode == 201 && at.json(t)["date"] != date || at.StatusCode != 201 && at.StatusCode != 422 && at.StatusCode != 409 {
				t.Errorf("%s: %d %s", date, at.StatusCode, at.body)
			}
		}
	},
	"RS-15": func(t *testing.T) {
		a, hers, _ := people(t)
		good := entryOn(day(), 1)
		for name, body := range map[string]string{
			"not JSON": "hours=1", "cut": good[:len(good)-1], "trailing": good + "x", "twice": good + good, "duplicate key": `{"hours":1,` + good[1:],
			"bad UTF-8": `{"project":"` + "\xff\xfe" + `","date":"2026-06-05","hours":1}`, "BOM": "\xef\xbb\xbf" + good, "NUL": good + "\x00", "single quotes": `{'hours':1}`, "comment": "/**/" + good,
		} {
			problem(t, name, a.api("POST", "/timesheets", hers, body), 400)
		}
		// Well-formed, and no object. CONTRACT: "A field that is unknown or breaks a rule: 422".
		deep := a.api("POST", "/timesheets", hers, strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))
		problem(t, "10 000 deep", deep, 422)
	},
	"RS-16": func(t *testing.T) {
		a, hers, _ := people(t)
		big := `{"notes":"` + strings.Repeat("n", 1<<20) + `"}`
		problem(t, "1 MiB and some", a.api("POST", "/timesheets", hers, big), 413)
		chunked := "POST /api/timesheets HTTP/1.1\r\nHost: " + host() + "\r\nAuthorization: Bearer " + hers + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(big), big)
		if got := raw(t, chunked); !strings.HasPrefix(got, "HTTP/1.1 413") {
			t.Errorf("without a length: %.60s", got)
		}
	},
	"RS-17": func(t *testing.T) {
		a, hers, _ := people(t)
		for _, kind := range []string{"", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			at := a.do("POST", "/api/timesheets", entryOn(day(), 1), "Authorization", "Bearer "+hers, "Content-Type", kind)
			problem(t, kind, at, 415)
		}
	},
	"RS-18": func(t *testing.T) {
		a, hers, _ := people(t)
		date := day()
		a.file(hers, date, 1)
		for _, evil := range []string{"' OR 1=1--", "Catalogue' --", "%", "_", "Catalogue\x00", `\`, "*"} {
			at := a.api("GET", "/timesheets?from="+date+"&to="+date+"&project="+url.QueryEscape(evil), hers, "")
			if at.StatusCode == 200 && len(at.json(t)["items"].([]any)) != 0 || at.StatusCode != 200 && at.StatusCode != 422 {
				t.Errorf("project %q: %d %.200s", evil, at.StatusCode, at.body)
			}
		}
		nasty := `Robert'); DROP TABLE timesheets;--`
		at := a.api("POST", "/timesheets", hers, fmt.Sprintf(`{"project":%q,"date":"%s","hours":1}`, nasty, date))
		if at.StatusCode != 201 || at.json(t)["project"] != nasty {
			t.Errorf("%d %s", at.StatusCode, at.body)
		}
		for _, query := range []string{"?status=x'", "?from='", "?sort=hours;drop", "?limit=1%20OR%201"} {
			if at := a.api("GET", "/timesheets"+query, hers, ""); at.StatusCode >= 500 {
				t.Errorf("%s: %d", query, at.StatusCode)
			}
		}
	},
	"RS-19": func(t *testing.T) {
		a, hers, managers := people(t)
		date := day()
		for range 2 {
			a.file(hers, date, 1)
		}
		page := a.api("GET", "/timesheets?limit=1", hers, "").json(t)
		cursor, _ := page["next_cursor"].(string)
		if cursor == "" {
			t.Fatal("no next page")
		}
		middle := len(cursor) / 2
		flipped := cursor[:middle] + string(rune('A'+(cursor[middle]+1)%26)) + cursor[middle+1:]
		for _, forged := range []string{"x", cursor[:len(cursor)-2], flipped, cursor + "A", "eyJpZCI6MX0", "' OR 1=1"} {
			at := a.api("GET", "/timesheets?limit=1&cursor="+url.QueryEscape(forged), hers, "")
			if at.StatusCode != 400 && at.StatusCode != 422 {
				t.Errorf("forged cursor: %d", at.StatusCode)
			}
		}
		if at := a.api("GET", "/timesheets?limit=1&cursor="+url.QueryEscape(cursor), managers, ""); at.StatusCode != 400 && at.StatusCode != 422 {
			t.Errorf("another person's cursor: %d", at.StatusCode)
		}
		for _, limit := range []string{"0", "-1", "1000000000", "x", "201"} {
			if at := a.api("GET", "/timesheets?limit="+limit, hers, ""); at.StatusCode != 400 && at.StatusCode != 422 {
				t.Errorf("limit %s: %d", limit, at.StatusCode)
			}
		}
	},
	"RS-20": func(t *testing.T) {
		a := newAgent(t)
		for _, method := range []string{"PATCH", "PUT", "TRACE"} {
			at := a.do(method, "/api/timesheets", "")
			problem(t, method, at, 405)
			if !strings.Contains(at.Header.Get("Allow"), "POST") {
				t.Errorf("%s: Allow %q", method, at.Header.Get("Allow"))
			}
		}
		problem(t, "no such path", a.get("/api/none"), 404)
	},
	"RS-21": func(t *testing.T) {
		a, hers, _ := people(t)
		id := a.file(hers, day(), 1)
		a.api("GET", "/timesheets/"+id+"?_method=DELETE", hers, "", "X-HTTP-Method-Override", "DELETE", "X-HTTP-Method", "DELETE", "X-Method-Override", "DELETE")
		if at := a.api("GET", "/timesheets/"+id, hers, ""); at.StatusCode != 200 {
			t.Errorf("the method of the request line was overridden: %d", at.StatusCode)
		}
	},
	"RS-22": func(t *testing.T) {
		a, hers, _ := people(t)
		date := day()
		for _, notes := range []string{`<script>alert(1)</script>`, `=cmd|'/c calc'!A0`, "+1", "@SUM(A1)", "\u202Egnp.exe"} {
			body := fmt.Sprintf(`{"project":"x","date":"%s","hours":0.25,"notes":%q}`, date, notes)
			at := a.api("POST", "/timesheets", hers, body)
			if at.StatusCode != 201 || at.json(t)["notes"] != notes {
				t.Errorf("%q: %d %s", notes, at.StatusCode, at.body)
			}
			if !strings.HasPrefix(at.Header.Get("Content-Type"), "application/json") || at.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("a browser could run what is stored: %s", at.body)
			}
		}
		at := a.api("GET", "/timesheets?from="+date+"&to="+date, hers, "", "Accept", "text/csv")
		rows, err := csv.NewReader(strings.NewReader(at.body)).ReadAll()
		if err != nil || len(rows) != 6 || !strings.HasPrefix(at.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(at.Header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("CSV: %v, %d rows, %s %s", err, len(rows), at.Header.Get("Content-Type"), at.Header.Get("Content-Disposition"))
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("a spreadsheet would run %q", cell)
				}
			}
		}
	},
	"RS-24": func(t *testing.T) {
		a, hers, _ := people(t)
		for _, at := range []answer{
			a.get("/api/none"), a.get("/api/me"), a.api("GET", "/me", "x", ""), a.api("POST", "/timesheets", hers, "{"), a.api("POST", "/timesheets", hers, `{"hours":99}`),
			a.api("DELETE", "/timesheets/none", hers, ""), a.api("GET", "/approvals", hers, ""), a.do("PATCH", "/api/me", ""),
		} {
			problem(t, at.Request.URL.Path, at, at.StatusCode) // its form
			m := at.json(t)
			if m["title"] == nil || at.Header.Get("X-Request-Id") == "" {
				t.Errorf("%s: title %v, request id %q", at.Request.URL.Path, m["title"], at.Header.Get("X-Request-Id"))
			}
			for _, leak := range []string{"SELECT", "sqlite", ".go:", "goroutine", "/home", "panic"} {
				if strings.Contains(at.body, leak) {
					t.Errorf("%s leaks %s: %s", at.Request.URL.Path, leak, at.body)
				}
			}
		}
	},
	"RS-25": func(t *testing.T) {
		a, hers, _ := people(t)
		id := a.file(hers, day(), 1)
		reading := a.granted(native().asking("openid read:timesheets"), ada).Access
		deleting := a.granted(native().asking("openid delete:timesheets"), ada).Access
		problem(t, "reading only", a.api("DELETE", "/timesheets/"+id, reading, ""), 403, insufficientScope, `scope="delete:timesheets"`)
		if at := a.api("DELETE", "/timesheets/"+id, deleting, ""); at.StatusCode != 204 {
			t.Errorf("with the scope: %d", at.StatusCode)
		}
	},
}

// filed signs somebody in and files an entry of theirs.
func (a *agent) filed(email, date string, hours any) string {
	a.t.Helper()
	return a.file(a.granted(native(), email).Access, date, hours)
}

// stable is a problem without what differs from request to request.
func stable(a answer) string {
	id := a.Header.Get("X-Request-Id")
	return strings.ReplaceAll(strings.ReplaceAll(a.body, id, ""), a.Request.URL.Path, "")
}

func apiRequest(method, path, token, body string) *http.Request {
	r, err := http.NewRequest(method, base+"/api"+path, strings.NewReader(body))
	if err != nil {
		panic(err) // fixed paths
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func formRequest(path string, form url.Values) *http.Request {
	r, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // fixed paths
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func getRequest(path string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, base+path, nil)
	if err != nil {
		panic(err) // fixed paths
	}
	return r
}

// all sends n requests at the same moment.
func (a *agent) all(n int, request func() *http.Request) []answer {
	a.t.Helper()
	var wg sync.WaitGroup
	out := make([]answer, n)
	begin := make(chan struct{})
	for i := range n {
		r := request()
		wg.Go(func() {
			<-begin
			resp, err := a.http.Do(r)
			if err != nil {
				a.t.Error(err)
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				a.t.Error(err)
			}
			out[i] = answer{resp, string(body)}
		})
	}
	close(begin)
	wg.Wait()
	if a.t.Failed() {
		a.t.FailNow()
	}
	return out
}
