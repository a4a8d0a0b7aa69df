package inspector

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/views/inspector/attack"
	"github.com/exampleco/punchcard/views/inspector/fault"
	"github.com/exampleco/punchcard/views/inspector/record"

	_ "modernc.org/sqlite"
)

type nothingToControl struct{}

func (nothingToControl) Viewer(*http.Request) (string, bool, error) { return "", false, nil }
func (nothingToControl) Lifetimes() (a, r, c time.Duration) {
	return time.Minute, time.Hour, time.Minute
}
func (nothingToControl) SetLifetimes(a, r, c time.Duration) error              { return errors.New("not here") }
func (nothingToControl) Expire(context.Context, string) (gone bool, err error) { return true, nil }
func (nothingToControl) Reset(context.Context) error                           { return errors.New("not here") }

type writer struct{ db *sql.DB }

func (w writer) Write(ctx context.Context, fn func(*sql.Tx) error, _ ...func()) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err == nil {
		err = errors.Join(fn(tx), tx.Commit())
	}
	return err
}

// What the recorder had no time for is told on the page, and in the list that
// an open page draws anew.
func TestDropsAreShown(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, name := range []string{"00001_init.sql", "00003_shares.sql"} {
		schema, err := record.Migrations.ReadFile("migrations/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(schema)); err != nil {
			t.Fatal(err)
		}
	}
	recorder, err := record.New(t.Context(), record.Config{Writer: writer{db}, Read: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	none := func(string) string { return "" }
	Register(mux, Config{
		Issuer: "http://localhost:8484", Recorder: recorder, Faults: &fault.List{}, Controls: nothingToControl{}, Stage: &attack.Stage{}, Private: true,
		ClientName: none, PersonName: none, Document: func() []byte { return []byte(`{}`) }, Now: time.Now,
	})
	page := func(query string) string {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", "/inspector"+query, nil))
		return w.Body.String()
	}
	const told = "more than the recorder could take"
	if strings.Contains(page(""), told) {
		t.Error("nothing was dropped, and the page says so")
	}
	// Nobody lets it work, so its queue is full at some time.
	watched := recorder.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for recorder.Dropped() < 3 {
		watched.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/me", nil))
	}
	for _, query := range []string{"", "?part=runs"} {
		if got := page(query); !strings.Contains(got, told+": 3.") {
			t.Errorf("%q does not tell of 3 that were dropped", query)
		}
	}
}
