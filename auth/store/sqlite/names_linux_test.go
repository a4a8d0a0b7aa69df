package sqlite

import (
	"os"
	"strings"
	"testing"
)

// The kernel's own table has the form that is read above.
func TestTheMountTableIsRead(t *testing.T) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if !isMountPoint(string(table), "/proc") || isMountPoint(string(table), t.TempDir()) {
		t.Errorf("misread:\n%s", table)
	}
}

// Whatever it is called there: only the file itself is the same in two mounts.
func TestTheLockIsOnTheFileItself(t *testing.T) {
	path := temp(t)
	first := openNotes(t, path, Options{Lock: true})
	// As from another folder, with a .lock of its own.
	if err := os.Rename(path+".lock", path+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	child := startChild(t, "hold-lock", path)
	child.out.Scan()
	if said := child.out.Text(); !strings.HasPrefix(said, "failed: "+path+" is in use by another process") {
		t.Errorf("a second server said %q", said)
	}
	if err := first.Write(t.Context(), insert("still ours")); err != nil {
		t.Error(err)
	}
	closed(t, first)
	after := startChild(t, "hold-lock", path)
	after.expect(t, "locked")
}
