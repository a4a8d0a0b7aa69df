package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileWithTwoNamesIsRefused(t *testing.T) {
	path := filled(t)
	other := filepath.Join(t.TempDir(), "other.db")
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, other} {
		refusedUntouched(t, name, ErrName)
		_, err := Open(t.Context(), name, Options{}) // reset, backup, keys rotate
		oneLine(t, err, ErrName)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	closed(t, openNotes(t, path, Options{Lock: true}))
}

// While a server runs, too: a command on the second name would write to a log
// that the server never reads.
func TestASecondNameOfAnOpenFileIsRefused(t *testing.T) {
	path := temp(t)
	openNotes(t, path, Options{Lock: true})
	other := filepath.Join(t.TempDir(), "other.db")
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), other, Options{})
	oneLine(t, err, ErrName)
	if left, _ := filepath.Glob(other + "*"); len(left) != 1 {
		t.Errorf("beside the second name: %v", left)
	}
}

// A backup that was killed in its last step left the copy with two names.
func TestTheDraftOfABackupIsNoSecondName(t *testing.T) {
	path := filled(t)
	if err := os.Link(path, path+".new"); err != nil {
		t.Fatal(err)
	}
	closed(t, openNotes(t, path, Options{Lock: true}))
	if _, err := os.Lstat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the draft is still there: %v", err)
	}
}

func TestNothingIsWrittenThroughALink(t *testing.T) {
	for _, suffix := range sideFiles {
		for kind, link := range map[string]func(string, string) error{"symbolic": os.Symlink, "hard": os.Link} {
			t.Run(kind+suffix, func(t *testing.T) {
				path := filled(t)
				if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				precious := filepath.Join(t.TempDir(), "precious")
				if err := os.WriteFile(precious, []byte("somebody's own words"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := link(precious, path+suffix); err != nil {
					t.Fatal(err)
				}
				_, err := Open(t.Context(), path, Options{Lock: true})
				oneLine(t, err, ErrName)
				if kept, _ := os.ReadFile(precious); string(kept) != "somebody's own words" {
					t.Errorf("the link's target is now %q", kept)
				}
			})
		}
	}
}

// A container's volume of a single file: the log lies outside of it.
func TestAFileThatIsMountedByItselfIsSeen(t *testing.T) {
	const table = "22 27 0:21 / /proc rw,relatime - proc proc rw\n" +
		"31 27 8:1 /home/me/p.db /data/p.db rw,relatime shared:1 - ext4 /dev/sda1 rw\n" +
		"32 27 8:1 /x /with\\040space/a\\134b.db rw - ext4 /dev/sda1 rw\n" +
		"33 27 8:1 /y /folder rw - ext4 /dev/sda1 rw\n" +
		"short line\n"
	for path, want := range map[string]bool{
		"/data/p.db": true, `/with space/a\b.db`: true,
		"/data/p.db-wal": false, "/folder/p.db": false, "/home/me/p.db": false, "/data": false,
	} {
		if got := isMountPoint(table, path); got != want {
			t.Errorf("%s is a mount point: %v", path, got)
		}
	}
}
