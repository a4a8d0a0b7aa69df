package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errOwn = errors.New("this one's own reason")

// occupy keeps the writer busy until release, so that what comes meanwhile
// ends up in one batch.
func occupy(t *testing.T, f *File) (release func()) {
	t.Helper()
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- f.Write(context.Background(), func(*sql.Tx) error { close(inside); <-leave; return nil })
	}()
	<-inside
	return func() {
		close(leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// waitFor waits until n jobs queue behind the one that runs.
func waitFor(t *testing.T, f *File, n int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); len(f.jobs) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs wait, want %d", len(f.jobs), n)
		}
	}
}

func TestWritersShareACommitButNotTheirFate(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	release := occupy(t, f)
	const n = 64
	errs := make([]error, n)
	var after atomic.Int32
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = f.Write(t.Context(), func(tx *sql.Tx) error {
				if err := insert(fmt.Sprint(i))(tx); err != nil {
					return err
				}
				switch i % 8 {
				case 3:
					return errOwn
				case 5:
					panic("boom")
				case 7:
					return insert(fmt.Sprint(i))(tx) // breaks UNIQUE
				}
				return nil
			}, func() { after.Add(1) })
		})
	}
	waitFor(t, f, n)
	release()
	wg.Wait()
	for i, err := range errs {
		var there int
		if serr := f.Read().QueryRow("SELECT count(*) FROM notes WHERE text = ?", fmt.Sprint(i)).Scan(&there); serr != nil {
			t.Fatal(serr)
		}
		fails := i%8 == 3 || i%8 == 5 || i%8 == 7
		if fails != (err != nil) || fails != (there == 0) || (i%8 == 3) != errors.Is(err, errOwn) {
			t.Errorf("writer %d: %v, %d rows", i, err, there)
		}
		var u *UnavailableError
		if errors.As(err, &u) {
			t.Errorf("writer %d blames the file: %v", i, err)
		}
	}
	if got := after.Load(); got != n*5/8 {
		t.Errorf("%d after functions ran, want %d", got, n*5/8)
	}
}

func TestAWriterWhoLeftBeforeItsTurnWritesNothing(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	release := occupy(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { left <- f.Write(ctx, insert("left"), func() { t.Error("after ran") }) }()
	go func() { stayed <- f.Write(t.Context(), insert("stayed")) }()
	waitFor(t, f, 2)
	cancel()
	release()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who left: %v", err)
	}
	if err := <-stayed; err != nil || count(t, f) != 1 {
		t.Errorf("the one who stayed: %v, %d notes", err, count(t, f))
	}
}

func TestSomebodyLeavingWithinItsTurnHarmsNobody(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := f.Write(ctx, func(tx *sql.Tx) error { cancel(); return insert("in time")(tx) })
	if err != nil || count(t, f) != 1 {
		t.Errorf("it is on disk, and so it must say: %v, %d notes", err, count(t, f))
	}
}

func TestAFileLockedFromOutsideIsUnavailable(t *testing.T) {
	path := temp(t)
	f := openNotes(t, path, Options{})
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	shell, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	if _, err := shell.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var u *UnavailableError
	err = f.Write(t.Context(), func(tx *sql.Tx) error {
		t.Error("it began without the lock that it needs to end")
		return insert("refused")(tx)
	})
	if !errors.As(err, &u) || !u.Unavailable() {
		t.Errorf("write: %v", err)
	}
	if err := f.Migrate(t.Context(), notes(createNotes, "SELECT 1;")); !errors.As(err, &u) {
		t.Errorf("migrate: %v", err)
	}
	if waited := time.Since(start); waited < 150*time.Millisecond {
		t.Errorf("it gave up after %v, the timeout is 200ms", waited)
	}
	if err := f.Check(t.Context()); err != nil || count(t, f) != 0 {
		t.Errorf("reads must go on: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { _, _ = shell.ExecContext(context.Background(), "ROLLBACK") })
	if err := f.Write(t.Context(), insert("waited")); err != nil || count(t, f) != 1 {
		t.Errorf("a short lock must only delay: %v", err)
	}
}

func TestAFullFileTellsEachWriterTheTruth(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	if _, err := f.write.Exec("PRAGMA max_page_count = 12"); err != nil {
		t.Fatal(err)
	}
	release := occupy(t, f)
	const n = 40
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = f.Write(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.Exec("INSERT INTO notes (text) VALUES (? || hex(zeroblob(1500)))", fmt.Sprint(i, "-"))
				return err
			})
		})
	}
	waitFor(t, f, n)
	release()
	wg.Wait()
	said := 0
	for _, err := range errs {
		var u *UnavailableError
		if err == nil {
			said++
		} else if !errors.As(err, &u) {
			t.Errorf("a full file is %v", err)
		}
	}
	if there := count(t, f); there != said || said == n {
		t.Errorf("%d of %d were told that they are on disk, %d are", said, n, there)
	}
	var u *UnavailableError
	if err := f.Migrate(t.Context(), notes(createNotes, slow)); !errors.As(err, &u) {
		t.Errorf("a migration of a full file: %v", err)
	}
	if _, err := f.write.Exec("PRAGMA max_page_count = 1000"); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), insert("room again")); err != nil {
		t.Error(err)
	}
}

// A transaction that vanishes under a batch takes all of it: also the one who
// had found out "already used" from a neighbour's write that is gone now.
func TestALostTransactionIsToldToTheWholeBatch(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	release := occupy(t, f)
	start := func(fn func(*sql.Tx) error) chan error {
		queued, done := len(f.jobs), make(chan error, 1)
		go func() { done <- f.Write(t.Context(), fn) }()
		waitFor(t, f, queued+1)
		return done
	}
	winner := start(insert("once"))
	loser := start(func(tx *sql.Tx) error {
		if insert("once")(tx) == nil {
			t.Error("UNIQUE did not hold")
		}
		return errOwn
	})
	culprit := start(func(tx *sql.Tx) error { _, err := tx.Exec("ROLLBACK"); return err })
	next := start(insert("next"))
	release()
	for name, done := range map[string]chan error{"winner": winner, "loser": loser, "culprit": culprit, "next": next} {
		var u *UnavailableError
		if err := <-done; !errors.As(err, &u) || errors.Is(err, errOwn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := count(t, f); n != 0 {
		t.Errorf("%d notes", n)
	}
	if err := f.Write(t.Context(), insert("once")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	f, err := Open(b.Context(), b.TempDir()+"/x.db", Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close(context.Background())
	if err := f.Migrate(b.Context(), notes(createNotes)); err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := f.Write(b.Context(), insert(fmt.Sprint(n.Add(1)))); err != nil {
				b.Error(err)
			}
		}
	})
}
