package record

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Migrations are the recorder's tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

const (
	keptRuns   = 1000             // runs in the file
	keptBytes  = 64 << 20         // and what they take there
	inTheEnd   = 5 * time.Second  // how long the last runs may take when the server stops
	saveEvery  = time.Second      // how often runs are written
	saveAtOnce = 20               // runs in one write: a flood of them costs no more than that
	quiet      = time.Second      // a run is written once it has been quiet for so long, and a long one later:
	atLatest   = 30 * time.Second // all of it is masked anew; or after so long in any case
)

// summary is what a list shows of a run, and what the recorder must know to go
// on with it.
type summary struct {
	Version int      `json:"version"`
	Client  string   `json:"client,omitempty"`
	Person  string   `json:"person,omitempty"`
	Email   string   `json:"email,omitempty"`
	SID     string   `json:"sid,omitempty"`
	Left    int      `json:"left,omitempty"`
	Welcome bool     `json:"welcome,omitempty"`
	Next    int      `json:"next"`
	Ended   string   `json:"ended,omitempty"`
	Outcome Outcome  `json:"outcome"`
	Attempt *Attempt `json:"attempt,omitempty"`
	Title   Title    `json:"title"`
}

// body is a run in the file.
type body struct {
	Values    []Value              `json:"values"`
	Exchanges []*Exchange          `json:"exchanges"`
	Claims    map[string][2]string `json:"claims,omitempty"`
}

// load reads what a list shows of the last runs.
func (r *Recorder) load(ctx context.Context) error {
	rows, err := r.read.QueryContext(ctx, `SELECT number, began_at, updated_at, summary, links FROM inspector_runs ORDER BY number DESC LIMIT ?`, maxRuns)
	if err != nil {
		return fmt.Errorf("recorded runs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		run, links, err := scan(rows)
		if err != nil {
			return fmt.Errorf("recorded runs: %w", err)
		}
		r.last = max(r.last, run.Number)
		r.runs[run.Number] = r.recent.PushBack(run)
		for chunk := range slices.Chunk(links, len(key{})) {
			k := key(chunk)
			if _, known := r.index[k]; !known {
				r.index[k] = run.Number
				run.keys = append(run.keys, k)
			}
		}
		r.bytes += run.cost()
	}
	return rows.Err()
}

func scan(rows interface{ Scan(...any) error }, more ...any) (*Run, []byte, error) {
	var (
		run            = &Run{stored: true, announced: true}
		began, updated int64
		text           string
		links          []byte
		s              summary
	)
	if err := rows.Scan(append([]any{&run.Number, &began, &updated, &text, &links}, more...)...); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, nil, err
	}
	run.Began, run.Updated = time.UnixMilli(began), time.UnixMilli(updated)
	run.Version, run.Client, run.Person, run.Email, run.sid = s.Version, s.Client, s.Person, s.Email, s.SID
	run.welcome, run.Left, run.next, run.Ended, run.Attempt = s.Welcome, s.Left, s.Next, s.Ended, s.Attempt
	run.outcome, run.title = s.Outcome, s.Title
	return run, links, nil
}

// fromFile reads a whole run; ok is false where there is none.
func (r *Recorder) fromFile(ctx context.Context, number int) (Run, bool, error) {
	var text string
	run, _, err := scan(r.read.QueryRowContext(ctx, `SELECT number, began_at, updated_at, summary, links, body FROM inspector_runs WHERE number = ?`, number), &text)
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, false, nil
	}
	var b body
	if err == nil {
		err = json.Unmarshal([]byte(text), &b)
	}
	if err != nil {
		return Run{}, false, fmt.Errorf("recorded run %d: %w", number, err)
	}
	run.Exchanges, run.kept, run.claims, run.stored = b.Exchanges, b.Values, b.Claims, false
	return *run, true, nil
}

// revive brings the exchanges of a run from before the start back, because one
// more belongs to it.
func (r *Recorder) revive(run *Run) {
	run.stored = false
	old, ok, err := r.fromFile(context.Background(), run.Number)
	if err != nil || !ok {
		r.log.Warn("a recorded run goes on without its beginning", "run", run.Number, "err", err)
		return
	}
	run.Exchanges, run.kept, run.claims = old.Exchanges, old.kept, old.claims
	for _, x := range run.Exchanges {
		run.bytes += x.size()
		r.bytes += x.size()
	}
}

// save writes runs that have come to rest, a few at a time, until ctx ends.
func (r *Recorder) save(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.noticeReset(ctx)
			r.saveSome(ctx, func(run *Run, now time.Time) bool {
				return now.Sub(run.Updated) > quiet*time.Duration(1+len(run.Exchanges)/20) || now.Sub(run.saved) > atLatest
			})
		}
	}
}

// noticeReset forgets what is in memory once another process has emptied the
// file: a run that was saved there is gone.
func (r *Recorder) noticeReset(ctx context.Context) {
	r.mu.Lock()
	saved := false
	for _, e := range r.runs {
		run := e.Value.(*Run)
		saved = saved || run.stored || !run.saved.IsZero() && !r.dirty[run.Number]
	}
	r.mu.Unlock()
	var any bool
	if !saved || r.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM inspector_runs)`).Scan(&any) != nil || any {
		return
	}
	r.Clear()
}

// saveAll writes everything that is not in the file yet, as far as there is
// time: a server that stops does not wait for a record.
func (r *Recorder) saveAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, inTheEnd)
	defer cancel()
	for ctx.Err() == nil && r.saveSome(ctx, func(*Run, time.Time) bool { return true }) == saveAtOnce {
	}
}

// saveSome returns how many it wrote; a write that fails is tried again later.
func (r *Recorder) saveSome(ctx context.Context, due func(*Run, time.Time) bool) int {
	now := r.now()
	var batch []Run
	var links [][]byte
	r.mu.Lock()
	for number := range r.dirty {
		if len(batch) == saveAtOnce {
			break
		}
		run := r.runs[number].Value.(*Run)
		if !due(run, now) {
			continue
		}
		run.saved = now
		delete(r.dirty, number)
		batch = append(batch, *run)
		links = append(links, r.links(run))
	}
	generation := r.cleared.Load()
	r.mu.Unlock()
	if len(batch) == 0 {
		return 0
	}
	if err := r.write(ctx, batch, links, generation); err != nil {
		r.log.WarnContext(ctx, "the inspector's runs could not be saved", "runs", len(batch), "err", err)
		r.again(batch)
		return 0
	}
	return len(batch)
}

func (r *Recorder) again(batch []Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, run := range batch {
		if _, here := r.runs[run.Number]; here {
			r.dirty[run.Number] = true
		}
	}
}

func (r *Recorder) links(run *Run) []byte {
	out := []byte{}
	for _, k := range run.keys {
		out = append(out, k[:]...)
	}
	return out
}

// write puts runs into the file, masked, and lets go of those that do not fit.
func (r *Recorder) write(ctx context.Context, runs []Run, links [][]byte, generation uint64) error {
	type row struct{ summary, body, client, person string }
	rows := make([]row, len(runs))
	for i := range runs {
		masked := runs[i].Masked()
		s, err := encode(masked.summary())
		if err != nil {
			return err
		}
		b, err := encode(body{Values: masked.kept, Exchanges: masked.Exchanges, Claims: masked.claims})
		if err != nil {
			return err
		}
		client, person := masked.owner()
		rows[i] = row{s, b, client, person}
	}
	return r.writer.Write(ctx, func(tx *sql.Tx) error {
		if r.cleared.Load() != generation {
			return nil // these runs were just taken away
		}
		for i, run := range runs {
			_, err := tx.Exec(`INSERT INTO inspector_runs (number, began_at, updated_at, summary, links, body, client, person, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (number) DO UPDATE SET updated_at = excluded.updated_at, summary = excluded.summary, links = excluded.links, body = excluded.body,
					client = excluded.client, person = excluded.person, size = excluded.size`,
				run.Number, run.Began.UnixMilli(), run.Updated.UnixMilli(), rows[i].summary, links[i], rows[i].body,
				rows[i].client, rows[i].person, len(rows[i].summary)+len(links[i])+len(rows[i].body))
			if err != nil {
				return fmt.Errorf("save runs: %w", err)
			}
		}
		_, err := tx.Exec(`DELETE FROM inspector_runs WHERE number IN (`+tooMany+`)`, keptRuns, keptBytes)
		return err
	})
}

// encode leaves "&" as it is, of which forms are full.
func encode(v any) (string, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return out.String(), err
}

func (r *Run) summary() summary {
	return summary{
		Version: r.Version, Client: r.Client, Person: r.Person, Email: r.Email, SID: r.sid, Left: r.Left, Welcome: r.welcome, Next: r.next,
		Ended: r.Ended, Outcome: r.Outcome(), Attempt: r.Attempt, Title: r.Title(),
	}
}

// Clear forgets everything in memory; ClearFile is the same for the file, in a
// transaction of its caller. Numbers go on, so that an open page means no
// other run.
func (r *Recorder) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleared.Add(1)
	r.empty()
}

// ClearFile takes all runs out of the file.
func ClearFile(tx *sql.Tx) error {
	_, err := tx.Exec(`DELETE FROM inspector_runs`)
	return err
}
