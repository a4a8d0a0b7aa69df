package punchcardtest

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/exampleco/punchcard/auth/edge"
)

// Refused runs a start that must fail by itself. It returns the exit code and
// what the command printed.
func Refused(t testing.TB, flags ...string) (exit int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	serve, err := parse(flags)
	if err != nil {
		return 2, err.Error()
	}
	err = serve.Run(ctx, edge.Process{Out: io.Discard, Err: io.Discard, Now: time.Now, Version: "test"})
	if ctx.Err() != nil || err == nil {
		t.Error("the server started")
		return 0, ""
	}
	if known := kong.ExitCoder(nil); errors.As(err, &known) {
		return known.ExitCode(), err.Error()
	}
	return 1, err.Error()
}
