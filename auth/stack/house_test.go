package stack_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views/inspector/attack"
)

// top is the root of the repository.
const top = "../.."

// TestCatalogue proves the cases of auth/catalogue/cases.tsv that are about all
// of our code.
func TestCatalogue(t *testing.T) {
	t.Run("SE-06", comparisons)
	t.Run("SE-08", noEgress)
}

// TestHouse keeps the import table of the house: each room and what it must
// never reach, however far down.
func TestHouse(t *testing.T) {
	t.Chdir(top)
	const us = "github.com/exampleco/punchcard/"
	never := map[string][]string{
		"auth":                     {us + "timesheets", us + "views/site", us + "views/inspector"},
		"auth/store":               {us + "views", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets"},
		"auth/store/sqlite":        {us + "views", us + "auth/people", us + "timesheets", "github.com/ory/fosite"},
		"auth/people":              {us + "views", us + "auth/store", us + "auth/keys", us + "timesheets", "github.com/ory/fosite"},
		"auth/ledger":              {us + "auth", us + "timesheets", us + "views", "github.com/ory/fosite", "net/http", "database/sql"}, // every other room uses it
		"auth/audience":            {us + "views", us + "auth/people", us + "auth/keys", us + "auth/edge", us + "timesheets"},
		"auth/back":                {us + "views", us + "timesheets"}, // nor front, request and register, once they are
		"auth/oauth":               {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "auth/edge", us + "timesheets", "github.com/ory/fosite", "database/sql"},
		"auth/register":            {us + "views", us + "timesheets", us + "auth/front", us + "auth/back", us + "auth/request"}, // what it needs of these, auth fills
		"auth/jws":                 {us + "auth", us + "timesheets", us + "views", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/limit":               {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/mailbox":             {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets", "github.com/ory/fosite", "database/sql"},
		"auth/keys":                {us + "views", us + "auth/store", us + "auth/people", us + "timesheets", "github.com/ory/fosite"},
		"auth/assertion":           {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/admin":               {us + "timesheets", us + "views/site", us + "views/inspector"},
		"auth/seed":                {us + "views", us + "auth/store", us + "auth/people", us + "timesheets", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/dpop":                {us + "auth/store", us + "auth/people", us + "auth/keys", us + "views", us + "timesheets", "github.com/ory/fosite", "github.com/go-jose/go-jose"}, // stack gives it to both servers
		"auth/edge":                {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "timesheets", "github.com/ory/fosite"},
		"auth/catalogue":           {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets"}, // it knows the URL alone
		"auth/crash":               {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "timesheets"},                   // it knows the binary alone
		"auth/stack":               nil,                                                                                                          // it puts all the others together
		"auth/stack/alone":         {us + "views", us + "auth/people", us + "auth/keys", "github.com/ory/fosite"},                                // it knows its issuer's URL alone
		"auth/punchcardtest":       nil,                                                                                                          // a whole server, for tests
		"auth/punchcardtest/agent": {us + "auth", us + "timesheets", us + "views", us + "static", "github.com/ory/fosite", "database/sql"},       // it knows the URL alone
		"timesheets":               {us + "auth", us + "views", us + "static", "github.com/ory/fosite", "github.com/go-jose/go-jose"},
		"timesheets/issuer":        {us + "auth", us + "views", us + "static", "github.com/ory/fosite"},                                    // it knows the issuer's URL alone
		"timesheets/client":        {us + "auth", us + "timesheets", us + "views", us + "static", "database/sql", "github.com/ory/fosite"}, // it knows the URL alone
		"timesheets/client/tab":    {us + "auth", us + "timesheets", us + "views", us + "static", "net/http", "database/sql"},
		"views":                    {us + "auth", us + "timesheets", "database/sql"},
		"views/site":               {us + "auth", us + "timesheets", us + "views/inspector", "database/sql"},
		"views/site/page":          {us + "auth", us + "timesheets", us + "views/inspector", "github.com/ory/fosite", "database/sql"}, // plain values
		"views/stories":            {us + "auth", us + "static", us + "timesheets"},                                                   // it knows the binary alone
		"views/inspector/attack":   {us + "auth", us + "static", us + "timesheets", us + "views/site", "database/sql"},                // it knows the URL alone
		"views/inspector/fault":    {us + "auth", us + "static", us + "timesheets", us + "views/site", "database/sql"},
		"views/inspector/record":   {us + "auth", us + "timesheets", us + "static", us + "views/site"},
		"views/inspector/page":     {us + "auth", us + "timesheets", us + "views/site", us + "views/inspector/record", us + "views/inspector/attack", us + "views/inspector/fault", "github.com/ory/fosite", "database/sql"}, // plain values
		"views/viewstest":          {us + "auth", us + "timesheets", us + "views/site", us + "views/inspector", "github.com/ory/fosite", "database/sql"},
		"views/inspector":          {us + "auth", us + "timesheets", us + "views/site", "github.com/ory/fosite"},
		"static":                   {us + "auth", us + "timesheets", us + "views", "database/sql"},
	}
	packages, err := exec.Command("go", "list", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, pkg := range strings.Fields(string(packages)) {
		room := strings.TrimPrefix(strings.TrimPrefix(pkg, strings.TrimSuffix(us, "/")), "/")
		if _, known := never[room]; !known && room != "" {
			t.Errorf("room %s is not in the table of the house", room)
		}
	}
	for room, forbidden := range never {
		deps, err := exec.Command("go", "list", "-deps", "./"+room).Output()
		if err != nil {
			t.Errorf("%s: %v", room, err)
		}
		for _, dep := range strings.Fields(string(deps)) {
			if dep == us+room || strings.HasPrefix(dep, us+room+"/") {
				continue // itself, which may stand in a room that it must not reach
			}
			for _, f := range forbidden {
				if dep == f || strings.HasPrefix(dep, f+"/") {
					t.Errorf("%s reaches %s", room, dep)
				}
			}
		}
	}
	// Who imports whom directly: main no more than the composition and the
	// commands, and the composition is nobody's but theirs.
	direct, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	main := []string{"auth/stack", "auth/stack/alone", "auth/admin", "auth/edge", "timesheets/client"}
	composers := []string{strings.TrimSuffix(us, "/"), us + "auth/punchcardtest"}
	for line := range strings.Lines(string(direct)) {
		of := strings.Fields(line)
		for _, imported := range of[1:] {
			room, ours := strings.CutPrefix(imported, us)
			if of[0] == composers[0] && (ours && !slices.Contains(main, room) || strings.Contains(imported, "ory/fosite")) {
				t.Errorf("main imports %s", imported)
			}
			if (room == "auth/stack" || strings.HasPrefix(room, "auth/stack/")) && !slices.Contains(composers, of[0]) {
				t.Errorf("%s imports %s, which is for main and for tests", of[0], imported)
			}
			if strings.HasPrefix(room, "auth/punchcardtest") && !strings.HasPrefix(of[0], us+"auth/punchcardtest") {
				t.Errorf("%s imports %s, which is for tests", of[0], imported)
			}
		}
	}
}

// TestSizes keeps files and functions short enough to be read in one go. Tests
// and generated code are left out; what is longer stands here, with the reason.
func TestSizes(t *testing.T) {
	const lines, body = 300, 60
	files := map[string]bool{
		"views/inspector/steps.go": true, // how each kind of exchange is drawn
	}
	functions := map[string]bool{
		"views/inspector/draw.go title":       true, // a run's name, by what it was
		"views/inspector/steps.go stepsOf":    true, // one case for each kind of exchange
		"views/inspector/attack/list.go list": true, // a table: every attack, with the answer that its clause demands
	}
	seen := 0
	sources(t, func(from, to token.Position, n ast.Node) {
		name, long, listed, most := from.Filename, to.Line-from.Line, files[from.Filename], lines
		switch n := n.(type) {
		case *ast.File:
			seen++
		case *ast.FuncDecl:
			name += " " + n.Name.Name
			long, listed, most = long+1, functions[name], body
		default:
			return
		}
		if (long > most) != listed {
			t.Errorf("%s has %d lines, want at most %d (listed as longer: %v)", name, long, most, listed)
		}
	})
	if seen < 200 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// sources parses our own code, tests left out.
func sources(t *testing.T, each func(from, to token.Position, node ast.Node)) {
	t.Helper()
	t.Chdir(top)
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "." {
			return filepath.SkipDir // tools of the repository, which are in no binary
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case nil:
			case *ast.File:
				each(set.Position(n.FileStart), set.Position(n.FileEnd), n)
			default:
				each(set.Position(n.Pos()), set.Position(n.End()), n)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ASVS V11: a comparison that ends at the first difference tells how far a
// guess was right. Secrets are looked up by hash, or compared in constant time.
func comparisons(t *testing.T) {
	secretive := regexp.MustCompile(`(?i)(secret|password|token|verifier|cookie|hash|mac)$`)
	name := func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			return e.Sel.Name
		}
		return ""
	}
	seen := 0
	sources(t, func(from, _ token.Position, n ast.Node) {
		at := from.String()
		c, ok := n.(*ast.BinaryExpr)
		if !ok || c.Op != token.EQL && c.Op != token.NEQ {
			return
		}
		seen++
		if secretive.MatchString(name(c.X)) && secretive.MatchString(name(c.Y)) {
			t.Errorf("%s compares %s with %s as text", at, name(c.X), name(c.Y))
		}
	})
	if seen < 100 {
		t.Errorf("only %d comparisons were looked at", seen)
	}
}

// A server that asks nobody can be made to ask nobody: no code of ours opens a
// connection or starts a program, but for the native app, and for the API that
// stands alone and asks the one issuer its flag names: each has a process of its
// own. What only tests import is in no binary. AZ-54 and JW-11 show the same from outside.
func noEgress(t *testing.T) {
	outward := map[string][]string{
		"http": {"Get", "Post", "PostForm", "Head", "DefaultClient", "Client", "Transport", "DefaultTransport", "NewRequest", "NewRequestWithContext"},
		"net":  {"Dial", "DialTimeout", "Dialer", "DialTCP", "DialUDP", "LookupHost", "LookupIP", "LookupAddr", "Resolver"},
		"exec": {"Command", "CommandContext"}, "smtp": {"SendMail"}, "tls": {"Dial"},
	}
	listening := false
	sources(t, func(from, _ token.Position, n ast.Node) {
		at := from.String()
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok {
			return
		}
		listening = listening || pkg.Name == "net" && sel.Sel.Name == "Listen"
		// The inspector's attacks are clients, of this very server: see below.
		attacks := strings.HasPrefix(at, "views/inspector/attack/")
		apart := strings.HasPrefix(at, "auth/punchcardtest/") || strings.HasPrefix(at, "timesheets/client/") || strings.HasPrefix(at, "timesheets/issuer/")
		if slices.Contains(outward[pkg.Name], sel.Sel.Name) && !attacks && !apart {
			t.Errorf("%s uses %s.%s", at, pkg.Name, sel.Sel.Name)
		}
	})
	if !listening {
		t.Error("not even net.Listen was found: the search is broken")
	}
	// Wherever an attack is sent, it reaches us.
	us := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) }))
	defer us.Close()
	for _, elsewhere := range []string{"http://192.0.2.1/", "https://elsewhere.example/", "http://elsewhere.example:81/"} {
		answer, err := (&http.Client{Transport: attack.Only(us.Listener.Addr().String())}).Get(elsewhere)
		if err != nil {
			t.Errorf("%s: %v", elsewhere, err)
			continue
		}
		host, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if want := strings.Trim(strings.SplitN(elsewhere, "//", 2)[1], "/"); string(host) != want {
			t.Errorf("%s reached us as %s, want %s", elsewhere, host, want)
		}
	}
}
