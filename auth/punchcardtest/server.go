package punchcardtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
	"github.com/exampleco/punchcard/auth/stack"
)

// patience is how long a start or a stop may take on a busy machine.
const patience = 30 * time.Second

// Server is a running Punchcard.
type Server struct {
	URL    string // where it listens
	Issuer string // byte for byte
	File   string
	Log    *agent.Log // what it has printed so far, with every check

	stop func() error
}

// New starts a server on a free port, with the built-in seed and a file in the
// test's temporary folder, and waits until it answers.
func New(t testing.TB, list ...Option) *Server {
	t.Helper()
	o := chosen(list)
	if o.file == "" {
		o.file = filepath.Join(t.TempDir(), "punchcard.db")
		if !slices.Contains(o.flags, "--config") {
			Template(t, o.file)
		}
	}
	return start(t, o)
}

// Again stops the server and starts it on the same file and port.
func (s *Server) Again(t testing.TB, list ...Option) *Server {
	t.Helper()
	_ = s.Stop() // other tests check that it stops cleanly
	port := s.URL[strings.LastIndex(s.URL, ":")+1:]
	return New(t, append(list, File(s.File), Flags("--addr", "127.0.0.1:"+port))...)
}

// Base returns the issuer without a trailing slash, to which paths are added.
func (s *Server) Base() string { return strings.TrimSuffix(s.Issuer, "/") }

// Browser opens a browser for the server.
func (s *Server) Browser(t testing.TB) *agent.Browser {
	t.Helper()
	return agent.New(t, s.Issuer)
}

// Stop stops the server and returns its error. A second call does nothing.
func (s *Server) Stop() error { return s.stop() }

// start runs the server until the test ends.
func start(t testing.TB, o options) *Server {
	t.Helper()
	args := append([]string{"--db", o.file, "--log-level", "debug"}, o.flags...)
	if !slices.Contains(args, "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	serve, err := parse(args)
	if err != nil {
		t.Fatal(err)
	}
	out := &output{ready: make(chan announced, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve.Run(ctx, edge.Process{Out: io.Discard, Err: out, Now: o.now, Version: "test"}) }()
	s := &Server{File: o.file, Log: &out.Log}
	s.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			return fmt.Errorf("the server did not stop:\n%s", s.Log)
		}
	})
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("the server ended with: %v", err)
		}
	})
	select {
	case at := <-out.ready:
		s.URL, s.Issuer = at.URL, at.Issuer
	case err := <-ended:
		ended <- nil
		t.Fatalf("the server ended with %v before it was ready:\n%s", err, s.Log)
	case <-time.After(patience):
		t.Fatalf("the server was never ready:\n%s", s.Log)
	}
	return s
}

// parse reads flags as the command line does, but ignores the environment: a
// test must not depend on the user's shell.
func parse(args []string) (*stack.Serve, error) {
	serve := new(stack.Serve)
	parser, err := kong.New(serve)
	if err != nil {
		return nil, err
	}
	for _, group := range parser.Model.AllFlags(true) {
		for _, flag := range group {
			flag.Tag.Envs = nil
		}
	}
	_, err = parser.Parse(args)
	return serve, err
}

// announced matches the line that says that the port answers.
type announced struct{ Msg, URL, Issuer string }

// output keeps what is printed, and passes the first line on.
type output struct {
	agent.Log
	once  sync.Once
	ready chan announced
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Log.Write(p)
	o.once.Do(func() {
		var at announced
		line, _, _ := bytes.Cut(p, []byte("\n"))
		if json.Unmarshal(line, &at) == nil && at.Msg == "ready" {
			o.ready <- at
		}
	})
	return n, err
}
