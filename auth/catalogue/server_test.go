package catalogue

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// base is where the server under test listens, without a trailing slash;
// issuer is what it calls itself.
var base, issuer string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	stop, err := connect()
	if err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		return 1
	}
	code := m.Run()
	stop()
	if leaks := leaked(); len(leaks) > 0 {
		fmt.Fprintln(os.Stderr, "after the whole suite:\n"+strings.Join(leaks, "\n"))
		return 1
	}
	remove()
	return code
}

// remove is run when everything was looked at.
var remove = func() {}

// connect finds the process that PUNCHCARD_URL names, or starts one.
func connect() (stop func(), err error) {
	base = strings.TrimSuffix(os.Getenv("PUNCHCARD_URL"), "/")
	stop = func() {}
	if base == "" {
		if stop, err = launch(); err != nil {
			return stop, err
		}
	}
	resp, err := http.Get(base + "/.well-known/openid-configuration")
	if err != nil {
		return stop, fmt.Errorf("no server at %s: %w", base, err)
	}
	defer resp.Body.Close()
	var doc struct{ Issuer string }
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		return stop, fmt.Errorf("%s has no metadata: %w", base, err)
	}
	// Pages asked for on another host than the issuer's are redirected there.
	issuer, base = doc.Issuer, strings.TrimSuffix(doc.Issuer, "/")
	return stop, nil
}

// launch builds the binary and starts it in a folder of its own, where it
// leaves all that it writes and prints.
func launch() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "punchcard-catalogue")
	if err != nil {
		return func() {}, err
	}
	remove = func() { _ = os.RemoveAll(dir) } // a folder in the system's temporary one
	binary := filepath.Join(dir, "punchcard.exe")
	build := []string{"build", "-o", binary}
	if raceEnabled {
		build = append(build, "-race")
	}
	if out, err := exec.Command("go", append(build, "github.com/exampleco/punchcard")...).CombinedOutput(); err != nil {
		return remove, fmt.Errorf("go build: %w\n%s", err, out)
	}
	left.folder = filepath.Join(dir, "left")
	if err := os.Mkdir(left.folder, 0o700); err != nil {
		return remove, err
	}
	cmd := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--db", filepath.Join(left.folder, "punchcard.db"), "--log-format", "json", "--log-level", "debug")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PUNCHCARD_") })
	stdout, err := os.Create(filepath.Join(left.folder, "stdout"))
	if err != nil {
		return remove, err
	}
	stderr, err := os.Create(filepath.Join(left.folder, "stderr"))
	if err != nil {
		return remove, err
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return remove, err
	}
	stop = func() {
		_ = cmd.Process.Kill() // so that the write-ahead log is still there to be looked at
		_ = cmd.Wait()
		_ = errors.Join(stdout.Close(), stderr.Close())
	}
	for range 600 {
		printed, err := os.ReadFile(stderr.Name())
		if err != nil {
			return stop, err
		}
		for line := range bytes.Lines(printed) {
			var ready struct{ Msg, URL string }
			if json.Unmarshal(line, &ready) == nil && ready.Msg == "ready" {
				base = ready.URL
				return stop, nil
			}
		}
		time.Sleep(50 * time.Millisecond) // the server is another process: all that can be done is to look again
	}
	return stop, errors.New("the server did not start")
}
