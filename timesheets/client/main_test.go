package client

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata run the real binary against a real server. What it
// opens as the system's browser is this test binary, which behaves as a person
// would: see browser_test.go.

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"xdg-open": browse, "open": browse, "rundll32": browse})
}

func TestScripts(t *testing.T) {
	binary = filepath.Join(t.TempDir(), "punchcard")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/exampleco/punchcard").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			if err := os.Mkdir(filepath.Join(e.WorkDir, "home"), 0o755); err != nil {
				return err
			}
			e.Setenv("PATH", filepath.Dir(binary)+string(filepath.ListSeparator)+e.Getenv("PATH"))
			for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} {
				e.Setenv(name, filepath.Join(e.WorkDir, "home"))
			}
			e.Setenv("DISPLAY", ":0") // there is a browser to open
			e.Setenv("PERSON", "ada@example.com")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"server": startServer, "apart": serversApart, "stop": stopServer, "fails": fails, "nobrowser": noBrowser, "waitfor": waitFor,
			"age": age, "expired": expired, "older": older, "revoke": revokeElsewhere, "fault": fault, "mode": mode, "requests": requests,
			"idof": idOf, "upload": upload, "keep": keep, "putback": putBack, "nosession": noSession,
		},
	})
}
