package catalogue

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
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
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		return 1
	}
	defer stop()
	return m.Run()
}

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

// launch builds the binary and starts it in a folder of its own.
func launch() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "punchcard-catalogue")
	if err != nil {
		return func() {}, err
	}
	stop = func() { _ = os.RemoveAll(dir) } // a folder in the system's temporary one
	binary := filepath.Join(dir, "punchcard.exe")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/exampleco/punchcard").CombinedOutput(); err != nil {
		return stop, fmt.Errorf("go build: %w\n%s", err, out)
	}
	cmd := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--db", filepath.Join(dir, "punchcard.db"), "--log-format", "json")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PUNCHCARD_") })
	printed, err := cmd.StderrPipe()
	if err != nil {
		return stop, err
	}
	if err := cmd.Start(); err != nil {
		return stop, err
	}
	remove := stop
	stop = func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); remove() }
	url := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(printed)
		for {
			line, err := lines.ReadBytes('\n')
			var ready struct{ Msg, URL string }
			if json.Unmarshal(line, &ready) == nil && ready.Msg == "ready" {
				url <- ready.URL
			}
			if err != nil {
				close(url)
				_, _ = io.Copy(io.Discard, printed)
				return
			}
		}
	}()
	select {
	case base = <-url:
	case <-time.After(30 * time.Second):
	}
	if base == "" {
		return stop, fmt.Errorf("the server did not start")
	}
	return stop, nil
}
