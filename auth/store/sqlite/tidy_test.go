package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// What is over is done away with soon after a start, and then again and again,
// whatever a step of it says.
func TestTidying(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var said agent.Log
	steps := make(chan string)
	step := func(name string, err error) func(context.Context) error {
		return func(context.Context) error { steps <- name; return err }
	}
	ended := make(chan struct{})
	go func() {
		tidy(ctx, slog.New(slog.NewTextHandler(&said, nil)), time.Millisecond, 2*time.Millisecond, step("purge", errors.New("disk full")), step("shrink", nil))
		close(ended)
	}()
	for range 3 {
		for _, want := range []string{"purge", "shrink"} {
			select {
			case got := <-steps:
				if got != want {
					t.Errorf("%s, want %s", got, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s never comes", want)
			}
		}
	}
	if !strings.Contains(said.String(), "disk full") {
		t.Errorf("it does not say what went wrong: %s", &said)
	}
	cancel()
	for {
		select {
		case <-steps:
			continue
		case <-ended:
		}
		break
	}
	if tidyFirst > time.Minute {
		t.Errorf("the first time comes %v after the start", tidyFirst)
	}
}
