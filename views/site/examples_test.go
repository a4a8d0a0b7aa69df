package site

import (
	"encoding/json"
	"go/format"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views/site/page"
)

// sent is a request as each example must send it, in every language.
type sent struct {
	target  string // behind the base
	headers []string
	body    string // JSON; "" for none
}

// wanted comes from the contract's table and the document's examples. The body
// has what would break a careless quoting: ', $, &, ` and ".
var wanted = map[string]sent{
	"list-timesheets":  {target: "GET /api/timesheets"},
	"create-timesheet": {target: "POST /api/timesheets", headers: []string{"Idempotency-Key: *", "Content-Type: application/json"}, body: `{"project":"Ada's engine","date":"2026-03-18","hours":7.5,"notes":"It costs $5 & ` + "`more`" + `"}`},
	"get-timesheet":    {target: "GET /api/timesheets/ts_ge3tknjzgq2tmnzy"},
	"replace-timesheet": {target: "PUT /api/timesheets/ts_ge3tknjzgq2tmnzy", headers: []string{`If-Match: "1"`, "Content-Type: application/json"},
		body: `{"project":"Apollo","date":"2026-03-18","hours":8,"notes":"Guidance equations"}`},
	"delete-timesheet": {target: "DELETE /api/timesheets/ts_ge3tknjzgq2tmnzy"},
	"list-approvals":   {target: "GET /api/approvals"},
	"decide-approval":  {target: "PUT /api/approvals/ts_ge3tknjzgq2tmnzy", headers: []string{"Content-Type: application/json"}, body: `{"decision":"approve","comment":"comment"}`},
	"upload-timesheets": {target: "POST /api/timesheets/upload", headers: []string{"Content-Type: application/json"},
		body: `{"entries":[{"user_id":"usr_ada","project":"Apollo","date":"2026-03-18","hours":8,"notes":"Guidance equations"}]}`},
	"get-me": {target: "GET /api/me"},
}

// drawnExamples is each operation's program in a language.
func drawnExamples(t *testing.T, base, language string) map[string]string {
	t.Helper()
	view, err := reference(documented(t).Document(), base)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, group := range view.Groups {
		for _, op := range group.Operations {
			i := slices.IndexFunc(op.Examples, func(e page.ReferenceExample) bool { return e.Language == language })
			if i < 0 {
				t.Fatalf("%s has no example in %s", op.ID, language)
			}
			out[op.ID] = op.Examples[i].Code
		}
	}
	if got, want := slices.Sorted(maps.Keys(out)), slices.Sorted(maps.Keys(wanted)); !slices.Equal(got, want) {
		t.Fatalf("operations %v, want %v", got, want)
	}
	return out
}

// compare says where a request is not the one that is wanted.
func (want sent) compare(t *testing.T, id, target string, headers map[string]string, body string) {
	t.Helper()
	if target != want.target {
		t.Errorf("%s sends %s, want %s", id, target, want.target)
	}
	for _, line := range append([]string{"Authorization: Bearer at.1-2_3"}, want.headers...) {
		name, value, _ := strings.Cut(line, ": ")
		if got := headers[name]; got != value && (value != "*" || len(got) < 20) {
			t.Errorf("%s sends %s: %q, want %q", id, name, got, value)
		}
	}
	if want.body == "" && body == "" {
		return
	}
	var g, w any
	if json.Unmarshal([]byte(body), &g) != nil || json.Unmarshal([]byte(want.body), &w) != nil || string(marshal(g)) != string(marshal(w)) {
		t.Errorf("%s sends the body %s, want %s", id, body, want.body)
	}
}

func TestExamplesForCurlSendTheCall(t *testing.T) {
	for id, code := range drawnExamples(t, issuer, "curl") {
		args, _ := shell(t, "", "TOKEN=at.1-2_3\n"+strings.ReplaceAll(code, "$(openssl rand -hex 16)", "0123456789abcdef0123"))
		method, target, body, headers := "GET", "", "", map[string]string{}
		for i, arg := range strings.Split(strings.Join(args, "\n"), "\n") {
			switch {
			case i > 0 && args[i-1] == "-X":
				method = arg
			case strings.HasPrefix(arg, issuer):
				target = strings.TrimPrefix(arg, issuer)
			case i > 0 && args[i-1] == "-H":
				name, value, _ := strings.Cut(arg, ": ")
				headers[name] = value
			case i > 0 && args[i-1] == "--data-raw":
				body = strings.Join(args[i:], "\n")
			}
		}
		wanted[id].compare(t, id, method+" "+target, headers, body)
	}
}

// The programs are built and run as they stand on the page.
func TestExamplesInGoSendTheCall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	type request struct {
		target, body string
		header       http.Header
	}
	came := make(chan request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- request{r.Method + " " + r.URL.RequestURI(), string(body), r.Header}
		_, _ = io.WriteString(w, "the answer")
	}))
	defer server.Close()
	dir := t.TempDir()
	write := func(path, content string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "go.mod"), "module example\n\ngo 1.26\n")
	codes := drawnExamples(t, server.URL, "Go")
	for id, code := range codes {
		write(filepath.Join(dir, id, "main.go"), code+"\n")
		if tidy, err := format.Source([]byte(code)); err != nil || strings.TrimSpace(string(tidy)) != code {
			t.Errorf("%s is not what gofmt would write (%v)", id, err)
		}
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin")+string(filepath.Separator), "./...")
	build.Dir, build.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for id := range codes {
		run := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", id))
		run.Env = append(os.Environ(), "TOKEN=at.1-2_3")
		out, err := run.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "200 OK\nthe answer") {
			t.Fatalf("%s: %v\n%s", id, err, out)
		}
		got := <-came
		headers := map[string]string{}
		for name, values := range got.header {
			headers[name] = values[0]
		}
		wanted[id].compare(t, id, got.target, headers, got.body)
	}
}
