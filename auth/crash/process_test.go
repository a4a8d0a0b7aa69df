package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// site is what outlives a process: the file, the address, the configuration.
// The port is fixed, so that the issuer stays what it is.
type site struct {
	t      testing.TB
	db     string
	port   string
	base   string // the issuer
	config string
	vault  *vault
	wire   *http.Transport
}

// newSite makes one with secrets of its own, which can be searched for: the
// built-in password is a word that stands in every path.
func newSite(t testing.TB, folder string) *site {
	t.Helper()
	s := &site{t: t, db: filepath.Join(folder, "punchcard.db"), port: freePort(t), vault: newVault(), wire: &http.Transport{
		MaxIdleConnsPerHost: 32, DisableCompression: true,
	}}
	s.base = "http://localhost:" + s.port
	s.config = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(s.config, configuration(t, s.vault), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.wire.CloseIdleConnections)
	return s
}

// Passwords and secrets of the site's configuration.
const (
	password      = "crane-lintel-Okapi-41-saffron"
	cronSecret    = "cron-7b1f0c9e55d24a0f8d3be6a19c72f4d0aa31"
	webSecret     = "web-0d9a4e6627f84b1cb5c3f8e07a91d25e6bb2"
	legacySecret  = "legacy-5b8e02c1f96d4a7ba3c4d21f08e7b6953c"
	gatewaySecret = "gateway-c2e8f1a90b7d4d63a5580e94bc17d3f6aa"
)

// configuration is the built-in one with other secrets.
func configuration(t testing.TB, v *vault) []byte {
	t.Helper()
	example, err := exec.Command(binary, "config", "example").Output()
	if err != nil {
		t.Fatalf("config example: %v", err)
	}
	text := string(example)
	for _, swap := range [][2]string{
		{"password: timesheets", "password: " + password},
		{"timesheets-cron-secret", cronSecret}, {"timesheets-web-secret", webSecret}, {"timesheets-legacy-secret", legacySecret}, {"timesheets-gateway-secret", gatewaySecret},
	} {
		if !strings.Contains(text, swap[0]) {
			t.Fatalf("the example does not say %q any more", swap[0])
		}
		text = strings.ReplaceAll(text, swap[0], swap[1])
	}
	v.add("password", password)
	for _, secret := range []string{cronSecret, webSecret, legacySecret, gatewaySecret} {
		v.add("client secret", secret)
	}
	return []byte(text)
}

// freePort is outside the range from which systems give ports to outgoing
// connections: one of those could sit on it when the server comes back.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := fmt.Sprint(20000 + rand.IntN(9000))
		free := 0
		for _, host := range []string{"127.0.0.1", "::1"} {
			l, err := net.Listen("tcp", net.JoinHostPort(host, port))
			if err == nil {
				l.Close()
			}
			if err == nil || host == "::1" && !strings.Contains(err.Error(), "in use") {
				free++
			}
		}
		if free == 2 {
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// process is one life of the server.
type process struct {
	t        testing.TB
	cmd      *exec.Cmd
	out, err *output
	exited   chan struct{}
	took     time.Duration // from exec to the first answer
}

// output keeps what a process prints, and sees the ready line go by.
type output struct {
	mu    sync.Mutex
	b     bytes.Buffer
	ready chan struct{}
	once  sync.Once
}

func newOutput() *output { return &output{ready: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b.Write(p)
	// It is printed in one write, so it is never cut in two.
	for line := range bytes.Lines(p) {
		var l struct{ Msg, URL string }
		if bytes.HasPrefix(line, []byte(`{"msg":"ready"`)) && json.Unmarshal(line, &l) == nil && l.URL != "" {
			o.once.Do(func() { close(o.ready) })
		}
	}
	return len(p), nil
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.b.Bytes())
}

// tail is the end of what was printed, for a failure's message.
func (o *output) tail() string {
	b := o.bytes()
	return string(b[max(0, len(b)-2000):])
}

// launch starts the binary and does not wait for it.
func (s *site) launch() *process {
	s.t.Helper()
	p := &process{t: s.t, out: newOutput(), err: newOutput(), exited: make(chan struct{})}
	p.cmd = exec.Command(binary, "serve", "--addr", "127.0.0.1:"+s.port, "--db", s.db, "--config", s.config,
		"--log-level", "debug", "--log-format", "json", "--access-ttl", "12h", "--code-ttl", "10m")
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PUNCHCARD_") })
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is read by those who care
		close(p.exited)
	}()
	s.t.Cleanup(p.kill)
	return p
}

// start waits until the server answers.
func (s *site) start() *process {
	s.t.Helper()
	begun := time.Now()
	p := s.launch()
	select {
	case <-p.err.ready:
	case <-p.exited:
		s.t.Fatalf("the server ended with %d before it was ready:\n%s", p.cmd.ProcessState.ExitCode(), p.err.tail())
	case <-time.After(30 * time.Second):
		s.t.Fatalf("never ready:\n%s", p.err.tail())
	}
	if a, err := s.agent().get("/readyz"); err != nil || a.status != http.StatusOK {
		s.t.Fatalf("said that it is ready, and is not: %d %v", a.status, err)
	}
	p.took = time.Since(begun)
	return p
}

// kill is kill -9, and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error means that it is gone already
	<-p.exited
}

// terminate is the SIGTERM of a service manager; exit waits for the code.
func (p *process) terminate() {
	p.t.Helper()
	if runtime.GOOS == "windows" {
		p.t.Skip("there is no SIGTERM here")
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("SIGTERM: %v", err)
	}
}

func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
		p.t.Fatalf("still running 20 s after SIGTERM:\n%s", p.err.tail())
	}
	return p.cmd.ProcessState.ExitCode()
}
