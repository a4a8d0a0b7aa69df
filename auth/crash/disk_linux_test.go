package crash

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// smallDisk is a file system of 12 MB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m,mode=0700"); err != nil {
		if os.Geteuid() == 0 && os.Getenv("PUNCHCARD_BROWSER") == "required" {
			t.Fatalf("mount -t tmpfs: %v; this must not be skipped here", err)
		}
		t.Skipf("mount -t tmpfs: %v; run as root to see what happens when the disk is full", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes what is left of the disk, to the last block.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// A full disk: each kind of write is answered with 503 and has done nothing,
// or with a success that is real (some still fit into the log's last block).
// Reads go on. When there is room again, the same server writes again, and
// what it had refused succeeds with the same tokens.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	t.Run("ST-03", provesDiskFull)
}

func provesDiskFull(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	s := newSite(t, dir)
	p := s.start()
	w := newWorld(t, s)
	sets := []map[string]write{w.tries(t), w.tries(t), w.tries(t)}
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	w.exhaust(t)

	refused := map[string]write{}
	for _, set := range sets {
		for name, one := range set {
			if _, already := refused[name]; already {
				continue
			}
			if done, err := one.try(); !done {
				if err := refused503(err); err != nil {
					t.Errorf("%s on a full disk: %v", name, err)
				}
				refused[name] = one
				check(t, name+", refused", one.undone)
			} else {
				w.count("success on a full disk: " + name)
				check(t, name+", acknowledged on a full disk", one.did)
			}
			w.reads(t)
		}
	}
	for name := range sets[0] {
		if _, ok := refused[name]; !ok {
			t.Errorf("%s was never refused: nothing is proven about it", name)
		}
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	for name, one := range refused {
		if _, err := one.try(); err != nil {
			t.Errorf("%s, when there is room again: %v", name, err)
			continue
		}
		check(t, name+", after there is room again", one.did)
	}
	took := time.Since(freed)
	if r, err := s.agent().get("/readyz"); err != nil || r.status != http.StatusOK {
		t.Errorf("readiness: %v %s", err, r)
	}
	p.terminate()
	if code := p.exit(); code != 0 {
		t.Errorf("exit %d:\n%s", code, p.err.tail())
	}
	s.wire.CloseIdleConnections()
	intact(t, s.db)
	s.start()
	w.look()
	w.lookAtAll()
	s.vault.clean(t, p)
	t.Logf("%d kinds of write refused, and all done %v after there was room\n%s", len(refused), took, w.ledger)
}

// exhaust creates entries until one is refused: then the log's last block is
// used up too. Each that was acknowledged stays in the ledger.
func (w *world) exhaust(t *testing.T) {
	t.Helper()
	for range 2000 {
		before := w.serial
		if _, err := w.create(w.people["alan"]); err != nil {
			if err := refused503(err); err != nil {
				t.Errorf("a create on a full disk: %v", err)
			}
			t.Logf("refused after %d creates", before)
			return
		}
	}
	t.Fatal("the disk never filled up")
}

func check(t *testing.T, what string, is func() error) {
	t.Helper()
	if err := is(); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
