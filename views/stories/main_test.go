package stories

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "punchcard-app")
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

// serve starts a server with a file of its own and returns its address.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	return launch(t, args...).url
}

// server is a running one.
type server struct {
	t    *testing.T
	url  string
	db   string
	args []string
	cmd  *exec.Cmd
	over chan struct{} // closed when it has said its last word
}

func launch(t *testing.T, args ...string) *server {
	t.Helper()
	return launchOn(t, filepath.Join(t.TempDir(), "punchcard.db"), args...)
}

// again starts on the same file and port.
func (s *server) again() *server {
	s.t.Helper()
	return launchOn(s.t, s.db, append(s.args, "--addr", "127.0.0.1:"+s.url[strings.LastIndex(s.url, ":")+1:])...)
}

func launchOn(t *testing.T, db string, args ...string) *server {
	t.Helper()
	s := &server{t: t, db: db, args: args, over: make(chan struct{})}
	if !slices.Contains(args, "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	s.cmd = exec.Command(binary, append([]string{"serve", "--db", db, "--log-level", "error"}, args...)...)
	stderr, err := s.cmd.StderrPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	url := make(chan string, 1)
	go func() {
		defer close(s.over)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var ready struct{ Msg, URL string }
			if json.Unmarshal(lines.Bytes(), &ready) == nil && ready.Msg == "ready" {
				url <- ready.URL
			} else {
				t.Logf("server: %s", lines.Bytes())
			}
		}
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.over
		_ = s.cmd.Wait()
	})
	select {
	case s.url = <-url:
	case <-s.over:
		t.Fatal("the server ended before it was ready")
	case <-time.After(20 * time.Second):
		t.Fatal("the server was never ready")
	}
	return s
}

// stop ends it as a person would.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	<-s.over
}
