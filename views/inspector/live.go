package inspector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/exampleco/punchcard/views/inspector/record"
)

const (
	maxViewers = 100                    // open pages, and whoever else reads the stream
	frameEvery = 100 * time.Millisecond // at most so often is anything sent
	frameRuns  = 20                     // of the runs that changed, the newest
	keptFrames = 16                     // for those who read slowly
)

// live says to all viewers at once what has changed: it is put into words once,
// and what changes again within a moment is said once. So a server that is
// watched by many works for its clients, not for its viewers. Without viewers it
// does nothing.
type live struct {
	changes func() (<-chan record.Change, func())
	word    func(record.Change) []byte // an event of the stream, nil for none

	mu      sync.Mutex
	viewers int
	stop    context.CancelFunc // of the one that words, nil without viewers
	next    chan struct{}      // closed with the next frame
	count   int                // of the frames so far
	frames  [][]byte           // the last of them
}

// join lets one more watch; ok is false where there are too many. It returns
// where the stream begins.
func (l *live) join() (at int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.viewers == maxViewers {
		return 0, false
	}
	if l.viewers++; l.viewers == 1 {
		var ctx context.Context
		ctx, l.stop = context.WithCancel(context.Background())
		l.next = make(chan struct{})
		changes, unsubscribe := l.changes()
		go func() {
			defer unsubscribe()
			l.watch(ctx, changes)
		}()
	}
	return l.count, true
}

func (l *live) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.viewers--; l.viewers == 0 {
		l.stop()
		l.frames = nil
	}
}

// since is what was said after a frame, as far as it is kept, and what to wait
// for next.
func (l *live) since(at int) (frames [][]byte, now int, next <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	missed := min(l.count-at, len(l.frames))
	return slices.Clone(l.frames[len(l.frames)-missed:]), l.count, l.next
}

// watch gathers changes until the next frame is due.
func (l *live) watch(ctx context.Context, changes <-chan record.Change) {
	pending := map[int]bool{} // whether the run is new
	var due <-chan time.Time
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-changes:
			pending[c.Number] = pending[c.Number] || c.New
			if due == nil {
				due = time.After(time.Until(last.Add(frameEvery)))
			}
		case <-due:
			l.say(ctx, pending)
			due, last = nil, time.Now()
			clear(pending)
		}
	}
}

// say words the newest of the runs, in their order.
func (l *live) say(ctx context.Context, pending map[int]bool) {
	numbers := make([]int, 0, len(pending))
	for number := range pending {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	numbers = numbers[max(0, len(numbers)-frameRuns):]
	var frame []byte
	for _, number := range numbers {
		frame = append(frame, l.word(record.Change{Number: number, New: pending[number]})...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(frame) == 0 || ctx.Err() != nil {
		return
	}
	l.count++
	l.frames = append(l.frames, frame)
	l.frames = l.frames[max(0, len(l.frames)-keptFrames):]
	close(l.next)
	l.next = make(chan struct{})
}

// event is a change as the stream has it.
func (p *pages) event(c record.Change) []byte {
	run, ok, err := p.Recorder.Find(context.Background(), c.Number)
	if err != nil || !ok {
		return nil
	}
	data, err := json.Marshal(p.news(run, c.New))
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "event: run\ndata: %s\n\n", data)
	return out.Bytes()
}
