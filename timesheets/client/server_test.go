package client

import (
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The servers of the scripts, each a process of its own.

// startServer: server [flags of serve]. Started again, it is on the same port.
// With --slash first, its issuer ends in one.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	address := "127.0.0.1:0"
	if before := ts.Getenv("PUNCHCARD_SERVER"); before != "" {
		u, err := url.Parse(before)
		ts.Check(err)
		address = "127.0.0.1:" + u.Port()
	}
	if len(args) > 0 && args[0] == "--slash" {
		address = freeAddress(ts)
		args = append(args[1:], "--issuer", "http://localhost:"+address[strings.LastIndex(address, ":")+1:]+"/")
	}
	server, where := launch(ts, append([]string{"serve", "--addr", address, "--db", ts.MkAbs("punchcard.db"), "--log-level", "info"}, args...))
	servers.Store(ts.MkAbs("."), server)
	ts.Setenv("PUNCHCARD_SERVER", where)
	ts.Setenv("OTHERNAME", strings.Replace(where, "localhost", "127.0.0.1", 1))
}

func freeAddress(ts *testscript.TestScript) string {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(free.Close())
	return free.Addr().String()
}

// launch starts the program and waits until it says where it serves.
func launch(ts *testscript.TestScript, args []string) (running, string) {
	cmd := exec.Command(binary, args...)
	cmd.Dir = ts.MkAbs(".")
	out := &serverOutput{ready: make(chan string, 1)}
	cmd.Stderr = out
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	stop := func() { _ = cmd.Process.Kill(); <-ended }
	ts.Defer(stop)
	select {
	case where := <-out.ready:
		return running{stop, out}, where
	case <-ended:
		ts.Fatalf("%v ended:\n%s", args, out.text())
	case <-time.After(30 * time.Second):
		ts.Fatalf("%v: never ready:\n%s", args, out.text())
	}
	return running{}, ""
}

// serversApart starts a server, and the API in a process of its own, whose
// address is in API.
func serversApart(ts *testscript.TestScript, neg bool, args []string) {
	example, err := exec.Command(binary, "config", "example").Output()
	ts.Check(err)
	address := freeAddress(ts)
	api := "http://localhost:" + address[strings.LastIndex(address, ":")+1:] + "/api"
	config := strings.ReplaceAll(string(example), `identifier: "{base}/api"`, `identifier: "`+api+`"`)
	config = strings.ReplaceAll(config, "-secret\n", "-secret-0123456789abcdef0123456789\n") // long enough for a configuration of one's own
	ts.Check(os.WriteFile(ts.MkAbs("own.yaml"), []byte(config), 0o600))
	startServer(ts, false, []string{"--config", "own.yaml"})
	launch(ts, []string{"api", "--issuer", ts.Getenv("PUNCHCARD_SERVER"), "--audience", api, "--addr", address, "--db", ts.MkAbs("api.db")})
	ts.Setenv("API", api)
}

// servers are those of the scripts that run, by their folders.
var servers sync.Map

type running struct {
	stop func()
	out  *serverOutput
}

func theServer(ts *testscript.TestScript) running {
	found, ok := servers.Load(ts.MkAbs("."))
	if !ok {
		ts.Fatalf("no server was started")
	}
	return found.(running)
}

func stopServer(ts *testscript.TestScript, neg bool, args []string) { theServer(ts).stop() }

type serverOutput struct {
	mu    sync.Mutex
	b     bytes.Buffer
	ready chan string
}

func (o *serverOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b.Write(p)
	for line := range bytes.Lines(p) {
		var l struct{ Msg, URL string }
		if bytes.HasPrefix(line, []byte(`{"msg":"ready"`)) && json.Unmarshal(line, &l) == nil {
			o.ready <- l.URL
		}
	}
	return len(p), nil
}

func (o *serverOutput) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
