//go:build unix

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() {
	children["fill-the-disk"] = fillTheDisk
	children["open-read-only"] = openReadOnly
}

// fillTheDisk writes until the system lets no file grow, looks around, and is
// given room again.
func fillTheDisk(path string) error {
	ctx := context.Background()
	signal.Ignore(syscall.SIGXFSZ)
	f, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	if err := f.Migrate(ctx, notes(createNotes)); err != nil {
		return err
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	tight := before
	tight.Cur = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		return err
	}
	written := 0
	for ; err == nil && written < 1000; written++ {
		err = f.Write(ctx, insert(fmt.Sprint(written, strings.Repeat("x", 100_000))))
	}
	written-- // the last one failed
	var u *UnavailableError
	if !errors.As(err, &u) {
		return fmt.Errorf("a full disk is %v", err)
	}
	if n := count0(f); n != written || f.Check(ctx) != nil {
		return fmt.Errorf("%d notes after %d acknowledged writes, %v", n, written, f.Check(ctx))
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	if err := f.Write(ctx, insert(strings.Repeat("y", 100_000))); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if n := count0(f); n != written+1 {
		return fmt.Errorf("%d notes, want %d", n, written+1)
	}
	fmt.Println("recovered")
	return f.Close(ctx)
}

func TestAFullDiskIsToldAndRecoveredFrom(t *testing.T) {
	path := temp(t)
	c := startChild(t, "fill-the-disk", path)
	c.expect(t, "recovered")
	if err := c.cmd.Wait(); err != nil {
		t.Error(err)
	}
	closed(t, openNotes(t, path, Options{Lock: true})) // passes quick_check
}

// nobody is the user whom the other process becomes.
const nobody = 65534

func openReadOnly(path string) error {
	if os.Geteuid() == 0 { // the administrator may write everything
		if err := syscall.Setuid(nobody); err != nil {
			return err
		}
	}
	if _, err := Open(context.Background(), path, Options{}); !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("a read-only file: %v", err)
	}
	fmt.Println("refused")
	return nil
}

func TestAFileThatCannotBeWrittenIsRefusedAtOnce(t *testing.T) {
	source := filled(t)
	dir, err := os.MkdirTemp("", "punchcard")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "punchcard.db")
	err = errors.Join(os.Rename(source, path), os.Chmod(dir, 0o777), os.Chmod(path, 0o400))
	if os.Geteuid() == 0 {
		err = errors.Join(err, os.Chown(path, nobody, nobody)) // its own file, or it would not even be read
	}
	if err != nil {
		t.Fatal(err)
	}
	startChild(t, "open-read-only", path).expect(t, "refused")
}
