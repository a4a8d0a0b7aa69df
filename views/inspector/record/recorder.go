package record

import (
	"bytes"
	"container/list"
	"context"
	"database/sql"
	"encoding/hex"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Writer is how the recorder writes to the file.
type Writer interface {
	// Write runs fn in a write transaction and returns when it is on disk.
	Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error
}

// Config is what a Recorder needs. All fields are required.
type Config struct {
	Writer Writer
	Read   *sql.DB
	Now    func() time.Time
	Log    *slog.Logger
}

// Recorder joins exchanges into runs and keeps them.
type Recorder struct {
	writer  Writer
	read    *sql.DB
	now     func() time.Time
	log     *slog.Logger
	queue   chan *capture
	budget  *rate.Limiter // of exchanges that are looked at
	sources sources       // and of each that sends them
	held    atomic.Int64  // bytes of bodies that are not joined yet
	dropped atomic.Uint64
	unsaved atomic.Uint64
	cleared atomic.Uint64 // how often everything was forgotten

	mu      sync.Mutex
	runs    map[int]*list.Element // of *Run
	recent  *list.List            // the run that changed last is in front
	index   map[key]int           // which run a value belongs to
	last    int                   // number of the newest run
	bytes   int                   // what all runs take
	dirty   map[int]bool          // changed since it was written to the file
	changed map[int]bool          // changed since it was announced
	subs    map[chan Change]bool
}

// queued is how many exchanges may wait to be joined.
const queued = 4096

// New returns a recorder that goes on after the newest run in the file. It
// records from now on; Run joins, announces and saves.
func New(ctx context.Context, c Config) (*Recorder, error) {
	r := &Recorder{writer: c.Writer, read: c.Read, now: c.Now, log: c.Log, queue: make(chan *capture, queued), budget: rate.NewLimiter(perSecond, atOnce)}
	r.empty()
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Recorder) empty() {
	r.runs, r.recent, r.index = map[int]*list.Element{}, list.New(), map[key]int{}
	r.dirty, r.changed, r.bytes = map[int]bool{}, map[int]bool{}, 0
	if r.subs == nil {
		r.subs = map[chan Change]bool{}
	}
}

// pause is how long exchanges gather before they are joined: waking up for each
// would cost more than joining it.
const pause = 5 * time.Millisecond

// Run works until ctx ends, and then writes what is left to the file.
func (r *Recorder) Run(ctx context.Context) {
	saving := make(chan struct{})
	go func() { defer close(saving); r.save(ctx) }()
	announce := time.NewTicker(50 * time.Millisecond)
	defer announce.Stop()
	for {
		select {
		case <-ctx.Done():
			r.drain()
			r.announce()
			<-saving
			r.saveAll(context.WithoutCancel(ctx))
			return
		case <-announce.C:
			r.announce()
		case c := <-r.queue:
			r.joinAll([]*capture{c})
			time.Sleep(pause)
			r.drain()
		}
	}
}

// drain joins what waits.
func (r *Recorder) drain() {
	var waiting []*capture
	for {
		select {
		case c := <-r.queue:
			waiting = append(waiting, c)
			continue
		default:
		}
		r.joinAll(waiting)
		return
	}
}

func (r *Recorder) joinAll(captures []*capture) {
	if len(captures) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range captures {
		r.join(c)
	}
}

// touch puts a run in front and marks it as changed.
func (r *Recorder) touch(run *Run) {
	r.recent.MoveToFront(r.runs[run.Number])
	r.dirty[run.Number], r.changed[run.Number] = true, true
}

// begin makes a run.
func (r *Recorder) begin(at time.Time) *Run {
	r.last++
	run := &Run{Number: r.last, Began: at}
	r.runs[run.Number] = r.recent.PushFront(run)
	return run
}

// forget takes a run out of memory. The file has it, unless it was gone faster
// than it could be written.
func (r *Recorder) forget(e *list.Element) {
	run := e.Value.(*Run)
	if r.dirty[run.Number] {
		r.unsaved.Add(1)
	}
	for _, k := range run.keys {
		if r.index[k] == run.Number {
			delete(r.index, k)
		}
	}
	r.bytes -= run.cost()
	delete(r.runs, run.Number)
	delete(r.dirty, run.Number)
	delete(r.changed, run.Number)
	r.recent.Remove(e)
}

// Dropped counts exchanges that found the recorder busy.
func (r *Recorder) Dropped() uint64 { return r.dropped.Load() }

// Unsaved counts runs that left memory before they could be written.
func (r *Recorder) Unsaved() uint64 { return r.unsaved.Load() }

// Change says that a run has grown.
type Change struct {
	Number int
	New    bool // nothing was announced of it before
}

// Subscribe returns a channel of changes until stop is called. Somebody who
// reads too slowly misses some.
func (r *Recorder) Subscribe() (changes <-chan Change, stop func()) {
	c := make(chan Change, 64)
	r.mu.Lock()
	r.subs[c] = true
	r.mu.Unlock()
	return c, func() {
		r.mu.Lock()
		delete(r.subs, c)
		r.mu.Unlock()
	}
}

func (r *Recorder) announce() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for number := range r.changed {
		change := Change{Number: number}
		if e, ok := r.runs[number]; ok {
			run := e.Value.(*Run)
			change.New = !run.announced
			run.announced = true
		}
		for c := range r.subs {
			select {
			case c <- change:
			default:
			}
		}
	}
	clear(r.changed)
}

// Find returns a run as it is now; ok is false where there is none.
func (r *Recorder) Find(ctx context.Context, number int) (run Run, ok bool, err error) {
	r.mu.Lock()
	if e, found := r.runs[number]; found && !e.Value.(*Run).stored {
		run = *e.Value.(*Run)
		r.mu.Unlock()
		return run, true, nil
	}
	r.mu.Unlock()
	return r.fromFile(ctx, number)
}

// Recent returns the runs in memory, the newest first. Those from before the
// last start have no exchanges: Find reads them.
func (r *Recorder) Recent() []Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	runs := make([]Run, 0, r.recent.Len())
	for e := r.recent.Front(); e != nil; e = e.Next() {
		runs = append(runs, *e.Value.(*Run))
	}
	return runs
}

// ByFlow finds the run of a pending request by the beginning of its id, which
// is the hash of the handle that only its browser has.
func (r *Recorder) ByFlow(prefix string) (number int, ok bool) {
	begin, err := hex.DecodeString(prefix[:len(prefix)&^1])
	if err != nil || len(prefix) < shortest {
		return 0, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, n := range r.index {
		if bytes.HasPrefix(k[:], begin) && strings.HasPrefix(hex.EncodeToString(k[:]), prefix) {
			return n, true
		}
	}
	return 0, false
}

// Attempted marks the run of an exchange, named by its request id, as an
// attack of this server's own. It waits until the exchange was joined, as long
// as ctx allows.
func (r *Recorder) Attempted(ctx context.Context, a Attempt) (number int, ok bool) {
	for {
		if number, ok = r.attempted(a); ok {
			return number, true
		}
		select {
		case <-ctx.Done():
			return 0, false
		case <-time.After(pause):
		}
	}
}

func (r *Recorder) attempted(a Attempt) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for e := r.recent.Front(); e != nil; e = e.Next() {
		run := e.Value.(*Run)
		for i := len(run.Exchanges) - 1; i >= 0; i-- {
			if run.Exchanges[i].RequestID == a.RequestID {
				run.Attempt = &a
				run.Version++
				r.touch(run)
				return run.Number, true
			}
		}
	}
	return 0, false
}
