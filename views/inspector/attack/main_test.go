package attack_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/views/inspector/attack"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "punchcard-attack")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "punchcard.exe") // Windows insists on the suffix, others do not mind
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/exampleco/punchcard").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// serve starts a server with a file of its own, and returns the stage that its
// built-in seed is.
func serve(t *testing.T, args ...string) *attack.Stage {
	t.Helper()
	args = append([]string{"serve", "--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "punchcard.db"), "--log-level", "error"}, args...)
	cmd := exec.Command(binary, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PUNCHCARD_") })
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	type ready struct{ Msg, URL, Issuer string }
	is, drained := make(chan ready, 1), make(chan struct{})
	go func() {
		defer close(drained)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line ready
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "ready" {
				is <- line
			} else {
				t.Logf("server: %s", lines.Bytes())
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	select {
	case r := <-is:
		return seed(r.Issuer)
	case <-drained:
		t.Fatal("the server ended before it was ready")
	case <-time.After(20 * time.Second):
		t.Fatal("the server was never ready")
	}
	return nil
}

// seed is the built-in configuration at that issuer.
func seed(issuer string) *attack.Stage {
	return &attack.Stage{
		Issuer: issuer, Audience: strings.TrimSuffix(issuer, "/") + "/api",
		Client: attack.Client{
			ID: "timesheets-mobile", RedirectURI: "http://127.0.0.1:49152/callback",
			Scope: "openid profile email offline_access read:timesheets create:timesheets delete:timesheets approve:timesheets",
		},
		Rival:     attack.Client{ID: "timesheets-web", Secret: "timesheets-web-secret", RedirectURI: "http://localhost:3000/callback", Scope: "openid read:timesheets"},
		Employee:  attack.Person{ID: "usr_ada", Email: "ada@example.com", Password: "timesheets"},
		Colleague: attack.Person{ID: "usr_alan", Email: "alan@example.com", Password: "timesheets"},
		Manager:   attack.Person{ID: "usr_grace", Email: "grace@example.com", Password: "timesheets"},
	}
}

// freePort is one at which nothing listens, outside the range from which
// systems give ports to outgoing connections.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := fmt.Sprint(20000 + rand.IntN(9000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}
