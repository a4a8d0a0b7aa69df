package crash

import (
	"database/sql"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver, to look at the file while nobody serves
)

// The promise is a second; machines that run tests are noisy, so the measure is
// reported and only something quite different fails.
const readyWithin = 5 * time.Second

// kill -9 at a random moment, a look at the file, a start, a look at what the
// clients were told: again and again on the same file.
func provesKill(t *testing.T) {
	t.Parallel()
	s := newSite(t, t.TempDir())
	p := s.start()
	w := newWorld(t, s)
	var ready []time.Duration
	for cycle := 1; cycle <= *cycles && !t.Failed(); cycle++ {
		w.cycle = cycle
		crash(w, p)
		if strings.Count(string(p.err.bytes()), `"msg":"check"`) == 0 {
			t.Fatal("the log has no checks: a scan of it proves nothing")
		}
		s.vault.clean(t, p)
		if *cycles <= 50 || cycle%25 == 0 {
			s.vault.cleanFiles(t, s.db)
		}
		intact(t, s.db)
		if cycle%4 == 0 {
			s.stumble()
		}
		p = s.start()
		if ready = append(ready, p.took); p.took > readyWithin {
			t.Errorf("cycle %d: ready after %v", cycle, p.took)
		}
		w.look()
	}
	w.lookAtAll()
	p.terminate()
	if code := p.exit(); code != 0 {
		t.Errorf("exit %d", code)
	}
	s.vault.clean(t, p)
	s.vault.cleanFiles(t, s.db)
	intact(t, s.db)
	slices.Sort(ready)
	t.Logf("%d kills; ready after %v in the median, %v at most; %d secrets looked for\n%s",
		len(ready), ready[len(ready)/2], ready[len(ready)-1], s.vault.size(), w.ledger)
	if w.missing() != "" || w.counts["no answer"] == 0 {
		t.Errorf("the load had no %q, and %d requests without an answer: the run proves nothing", w.missing(), w.counts["no answer"])
	}
}

// missing names a kind of write that was never acknowledged.
func (w *world) missing() string {
	for _, must := range []string{"create", "deleted", "approved", "rejected", "revoke", "sign-in", "client credentials", "code taken", "refresh token taken", "replay refused"} {
		if w.counted(must) == 0 {
			return must
		}
	}
	return ""
}

// crash loads the server and kills it in the middle; the first time not before
// each kind of write has been seen, however slow the machine.
func crash(w *world, p *process) {
	stop, idle := make(chan struct{}), make(chan struct{})
	go func() {
		w.run(stop)
		close(idle)
	}()
	for deadline := time.Now().Add(20 * time.Second); w.cycle == 1 && w.missing() != "" && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(5*time.Millisecond + rand.N(295*time.Millisecond))
	p.kill()
	close(stop)
	<-idle
	w.s.wire.CloseIdleConnections()
}

// stumble kills a start in the middle, while it replays what the crash left.
func (s *site) stumble() {
	p := s.launch()
	time.Sleep(rand.N(60 * time.Millisecond))
	p.kill()
}

// intact asks SQLite itself, read-only, while nobody serves.
func intact(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "mode=ro"}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, pragma := range []string{"integrity_check", "foreign_key_check"} {
		rows, err := db.Query("PRAGMA " + pragma)
		if err != nil {
			t.Fatalf("%s: %v", pragma, err)
		}
		for rows.Next() {
			var said any
			if err := rows.Scan(&said); err != nil || said != "ok" {
				t.Errorf("%s: %v %v", pragma, said, err)
			}
		}
		if err := rows.Err(); err != nil {
			t.Errorf("%s: %v", pragma, err)
		}
		rows.Close()
	}
}
