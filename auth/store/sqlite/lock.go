package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// takeLock makes this process the only server of the file's name, so that two
// servers never create the same file. The system drops the lock with the
// process, so a killed server never blocks the next one. The lock's file
// stays, because deleting it would let two servers each hold a lock.
func (f *File) takeLock() error {
	lock := flock.New(f.place+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow))
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Path, err)
	}
	if !held {
		return &LockedError{Path: f.Path, PID: holder(lock.Path())}
	}
	f.lock = lock
	if err := writePID(lock.Path(), strconv.Itoa(os.Getpid())); err != nil {
		return fmt.Errorf("lock %s: %w", f.Path, err)
	}
	return nil
}

// takeInode makes this process the only server of the file itself, which may
// have another name in other mounts.
func (f *File) takeInode() error {
	file, err := os.OpenFile(f.place, os.O_RDWR|noFollow, 0)
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Path, err)
	}
	f.inode = file
	held, err := lockInode(file)
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Path, err)
	}
	if !held {
		return &LockedError{Path: f.Path}
	}
	return nil
}

// releaseLock does nothing without a lock. It must run after SQLite has closed
// the file: closing the inode's descriptor drops SQLite's own locks (see
// doc.go).
func (f *File) releaseLock() {
	if f.inode != nil {
		_ = f.inode.Close()
		f.inode = nil
	}
	if f.lock == nil {
		return
	}
	_ = writePID(f.lock.Path(), "") // the number is no longer valid
	_ = f.lock.Unlock()
	f.lock = nil
}

// writePID does not touch byte 0, which Windows keeps for the holder, and
// always writes the same length, so that no older number remains.
func writePID(path, pid string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|noFollow, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(fmt.Appendf(nil, "%-20s\n", pid), 1)
	return errors.Join(err, file.Close())
}

// holder reads which process has the lock. It waits a moment for a process
// that has only just taken it, and returns 0 if there is no number.
func holder(path string) int {
	for range 5 {
		if pid := readPID(path); pid > 0 {
			return pid
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0
}

func readPID(path string) int {
	file, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer file.Close()
	text := make([]byte, 21) // as writePID writes it; generation.go uses the rest
	n, err := file.ReadAt(text, 1)
	if err != nil && err != io.EOF {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return pid
}
