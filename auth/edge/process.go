package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// Process is what a command gets of the process that it runs in.
type Process struct {
	Out, Err io.Writer
	Now      func() time.Time
	Version  string // of this binary
}

// Held is the same process, which keeps what is logged until it is released, where a
// program reads it: its first line is that the port answers.
func (p Process) Held() (inner Process, release func(first string)) {
	if Terminal(p.Err) {
		return p, func(first string) { _, _ = io.WriteString(p.Err, first) }
	}
	kept := Hold(p.Err)
	p.Err = kept
	return p, kept.Release
}

// UsageError is a flag whose value cannot be meant.
type UsageError struct{ error }

// ExitCode is that of wrong usage.
func (UsageError) ExitCode() int { return 2 }

// Usage makes a UsageError.
func Usage(err error) error { return UsageError{err} }

// UnlessStopped passes an error on, but not that a start was interrupted: that is
// what was wanted, and the next start does what this one has not done.
func UnlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}

// CloseAll gives back what Listen opened.
func CloseAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close() // after Serve they are closed already
	}
}
