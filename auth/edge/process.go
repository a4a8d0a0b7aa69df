package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// Process is what a command receives from its process.
type Process struct {
	Out, Err io.Writer
	Now      func() time.Time
	Version  string // of this binary
}

// Held returns the same process, but one that keeps log lines until it is
// released, if a program reads the output. Its first line then says that the
// port answers.
func (p Process) Held() (inner Process, release func(first string)) {
	if Terminal(p.Err) {
		return p, func(first string) { _, _ = io.WriteString(p.Err, first) }
	}
	kept := Hold(p.Err)
	p.Err = kept
	return p, kept.Release
}

// UsageError is a flag value that makes no sense.
type UsageError struct{ error }

// ExitCode is that of wrong usage.
func (UsageError) ExitCode() int { return 2 }

// Usage makes a UsageError.
func Usage(err error) error { return UsageError{err} }

// UnlessStopped returns the error, but nil if a start was interrupted: the
// user wanted that, and the next start does the rest.
func UnlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}

// CloseAll closes what Listen opened.
func CloseAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close() // after Serve they are already closed
	}
}
