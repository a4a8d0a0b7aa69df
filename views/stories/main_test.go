package appstory

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	db := filepath.Join(t.TempDir(), "punchcard.db")
	if !slices.Contains(args, "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	cmd := exec.Command(binary, append([]string{"serve", "--db", db, "--log-level", "error"}, args...)...)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	url, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
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
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	select {
	case u := <-url:
		return u
	case <-drained:
		t.Fatal("the server ended before it was ready")
	case <-time.After(20 * time.Second):
		t.Fatal("the server was never ready")
	}
	return ""
}
