package inspector

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// heartbeat keeps a stream open through whatever stands between, and finds out
// that nobody listens any more.
const heartbeat = 15 * time.Second

// change is what the stream says of a run.
type change struct {
	Run     int           `json:"run"`
	Version int           `json:"version"`
	New     bool          `json:"new"`
	Title   string        `json:"title"`
	Client  string        `json:"client"`
	Person  string        `json:"person"`
	Outcome views.Outcome `json:"outcome"`
	Aside   bool          `json:"aside"` // a look-up: a page that follows stays where it is
}

// events tells an open page which runs have grown. The page then reads the
// parts that it shows, so that there is one way to draw a run.
func (p *pages) events(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Time{}) // the server's limits are for answers that end
	_ = c.SetReadDeadline(time.Time{})
	changes, stop := p.Recorder.Subscribe()
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	fmt.Fprint(w, "retry: 1000\n\n")
	if c.Flush() != nil || r.Method == http.MethodHead { // which has no body to wait for
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-p.Stopping:
			return
		case <-beat.C:
			fmt.Fprint(w, ": still here\n\n")
		case change := <-changes:
			run, ok, err := p.Recorder.Find(r.Context(), change.Number)
			if err != nil || !ok {
				continue
			}
			data, err := json.Marshal(p.news(run, change.New))
			if err != nil {
				return
			}
			fmt.Fprintf(w, "event: run\ndata: %s\n\n", data)
		}
		if c.Flush() != nil {
			return
		}
	}
}

func (p *pages) news(run record.Run, fresh bool) change {
	return change{
		Run: run.Number, Version: run.Version, New: fresh, Title: p.title(&run), Client: run.Client, Person: personOf(&run),
		Outcome: views.Outcome(run.Outcome()), Aside: aside(run),
	}
}
