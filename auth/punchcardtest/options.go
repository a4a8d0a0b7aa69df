package punchcardtest

import (
	"sync/atomic"
	"time"
)

// Option changes how a server is started.
type Option func(*options)

type options struct {
	flags []string
	now   func() time.Time
	file  string
}

func chosen(list []Option) options {
	o := options{now: time.Now}
	for _, change := range list {
		change(&o)
	}
	return o
}

// Flags returns an option with flags of the command line, each with its value.
func Flags(args ...string) Option { return func(o *options) { o.flags = append(o.flags, args...) } }

// At sets the server's clock. Use Clock for one that the test moves.
func At(now func() time.Time) Option { return func(o *options) { o.now = now } }

// File sets the file in which the server keeps everything. It is created if it
// does not exist.
func File(path string) Option { return func(o *options) { o.file = path } }

// Clock is a clock that a test moves. The zero value shows the real time.
type Clock struct{ ahead atomic.Int64 }

// Now returns the time of the clock.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Move sets the clock forward, or back.
func (c *Clock) Move(by time.Duration) { c.ahead.Add(int64(by)) }
