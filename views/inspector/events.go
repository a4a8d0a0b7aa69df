package inspector

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// heartbeat keeps a stream open through whatever stands between, and finds out
// that nobody listens any more.
const heartbeat = 15 * time.Second

// patience is how long a viewer may take to read what was sent. One that takes
// longer is let go, and comes back if it is a page.
const patience = 10 * time.Second

// change is what the stream says of a run.
type change struct {
	Run     int          `json:"run"`
	Version int          `json:"version"`
	New     bool         `json:"new"`
	Title   string       `json:"title"`
	Client  string       `json:"client"`
	Person  string       `json:"person"`
	Outcome page.Outcome `json:"outcome"`
	Aside   bool         `json:"aside"` // a look-up: a page that follows stays where it is
}

// events tells an open page which runs have grown. The page then reads the
// parts that it shows, so that there is one way to draw a run.
func (p *pages) events(w http.ResponseWriter, r *http.Request) {
	at, ok := p.live.join()
	if !ok {
		w.Header().Set("Retry-After", "5")
		p.problem(w, r, http.StatusServiceUnavailable, "Too many watch already", fmt.Sprintf("At most %d can watch at the same time. Close a page that watches, or load this one again to see what is new.", maxViewers))
		return
	}
	defer p.live.leave()
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // the server's limits are for answers that end
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	fmt.Fprint(w, "retry: 1000\n\n")
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for r.Method != http.MethodHead {
		_ = c.SetWriteDeadline(time.Now().Add(patience))
		if c.Flush() != nil {
			return
		}
		frames, now, next := p.live.since(at)
		if at = now; len(frames) > 0 {
			_, _ = w.Write(bytes.Join(frames, nil))
			continue
		}
		select {
		case <-r.Context().Done():
			return
		case <-p.Stopping:
			return
		case <-beat.C:
			fmt.Fprint(w, ": still here\n\n")
		case <-next:
		}
	}
}

func (p *pages) news(run record.Run, fresh bool) change {
	return change{
		Run: run.Number, Version: run.Version, New: fresh, Title: p.title(&run), Client: run.Client, Person: personOf(&run),
		Outcome: page.Outcome(run.Outcome()), Aside: aside(run),
	}
}
