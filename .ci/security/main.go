// Security runs every case of the catalogue and prints one table: the case, the
// clause that decides, the verdict. It fails where a case fails, or where one
// that auth/catalogue/cases.tsv says is proven was never run.
//
//	go run ./.ci/security        what make security calls
//	PUNCHCARD_URL=… go run ./.ci/security   the cases over HTTP against that process, the others here
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// row is a line of cases.tsv.
type row struct{ id, priority, clause, where, what string }

// The verdicts, the worst first.
var verdicts = []string{"FAIL", "NOT RUN", "skipped", "pass"}

var ids = regexp.MustCompile(`[A-Z]{2}-\d\d`)

func main() {
	if err := security(); err != nil {
		fmt.Fprintln(os.Stderr, "security:", err)
		os.Exit(1)
	}
}

func security() error {
	rows, err := cases("auth/catalogue/cases.tsv")
	if err != nil {
		return err
	}
	seen, printed, err := prove()
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	counts := map[string]int{}
	for _, r := range rows {
		verdict, no := strings.CutPrefix(r.where, "no: ")
		switch {
		case r.where == "make check":
			verdict = "in make check"
		case !no && seen[r.id] != "":
			verdict = seen[r.id]
		case !no:
			verdict = "NOT RUN"
		default:
			verdict = "not proven: " + verdict
		}
		name, _, _ := strings.Cut(verdict, ":")
		counts[name]++
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", r.id, r.priority, r.clause, verdict)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Printf("\n%d cases: %d pass, %d fail, %d not run, %d skipped, %d not proven, %d in make check\n", len(rows), counts["pass"], counts["FAIL"], counts["NOT RUN"], counts["skipped"], counts["not proven"], counts["in make check"])
	if counts["FAIL"]+counts["NOT RUN"]+counts["skipped"] > 0 {
		return fmt.Errorf("not every case holds\n%s", printed)
	}
	return nil
}

func cases(file string) (rows []row, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("%s: %q has %d fields, want 5", file, line, len(f))
		}
		rows = append(rows, row{f[0], f[1], f[2], f[3], f[4]})
	}
	return rows, nil
}

// prove runs the tests and returns the verdict of each id, which is the worst
// of all that carry it, and what failing tests printed.
func prove() (seen map[string]string, printed string, err error) {
	cmd := exec.Command("go", "test", "-json", "-count=1", "-timeout", "20m", "-run", "/[A-Z][A-Z]-[0-9][0-9]", "./...")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	seen = map[string]string{}
	said := map[string]*strings.Builder{}
	var failed []string
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e struct{ Action, Package, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		test := e.Package + " " + e.Test
		if e.Action == "output" {
			if said[test] == nil {
				said[test] = &strings.Builder{}
			}
			said[test].WriteString(e.Output)
		}
		verdict := map[string]string{"pass": "pass", "fail": "FAIL", "skip": "skipped"}[e.Action]
		if verdict == "FAIL" {
			failed = append(failed, test)
		}
		if verdict == "" || e.Test == "" {
			continue
		}
		for _, id := range ids.FindAllString(e.Test, -1) {
			if old, ok := seen[id]; !ok || slices.Index(verdicts, verdict) < slices.Index(verdicts, old) {
				seen[id] = verdict
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, "", err
	}
	// A failing test is in the table; a package that did not compile is not.
	if err := cmd.Wait(); err != nil && len(failed) == 0 {
		return nil, "", err
	}
	var all strings.Builder
	for _, test := range failed {
		if said[test] != nil {
			all.WriteString("\n" + test + "\n" + said[test].String())
		}
	}
	return seen, all.String(), nil
}
