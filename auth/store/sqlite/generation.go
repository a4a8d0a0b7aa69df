package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A write-ahead log does not say which file it belongs to. After a server was
// killed, a copy put in the file's place would get the pages of a log that is
// not its own. So each server gives the file a new number, its generation, in
// the header's user_version, and notes beside the file (in .lock) which
// generations the log may belong to. A copy made earlier does not have that
// number.

const (
	generationAt = 60 // of the header, https://www.sqlite.org/fileformat.html 1.3.9
	notedAt      = 32 // of .lock, after the process id
	notedSize    = 128
)

// newGeneration is positive, because user_version is signed.
func newGeneration() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return binary.BigEndian.Uint32(b[:])>>1 | 1
}

// checkLog refuses a file whose log was written for another one. A starting
// server changes the header and the note one after the other, so a mismatch is
// checked again.
func (f *File) checkLog(ctx context.Context) error {
	for try := range 4 {
		if !f.hasLog() {
			return nil
		}
		noted, err := f.noted()
		if err != nil {
			return err
		}
		is, err := f.generation()
		if err != nil {
			return err
		}
		ok := len(noted) == 0 || slices.Contains(noted, is)
		if ok || try == 3 {
			f.check(ctx, rules.OwnLog, ok, noted, is)
		}
		if ok {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return f.foreignLog("a copy was put in its place")
}

func (f *File) foreignLog(detail string) error {
	return f.refuse(ErrForeignLog, detail, "to go on with the file that is there now, move "+f.Path+"-wal away and start again; to go on with the one before, put that back")
}

// generation reads the header from the disk.
func (f *File) generation() (uint32, error) {
	file, err := os.Open(f.place) // SQLite has not opened it yet (see doc.go)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", f.Path, err)
	}
	defer file.Close()
	var b [4]byte
	if _, err := file.ReadAt(b[:], generationAt); err != nil {
		return 0, fmt.Errorf("open %s: %w", f.Path, err)
	}
	return binary.BigEndian.Uint32(b[:]), nil
}

// noted returns the generations that the log may belong to, or none if no
// server has noted any.
func (f *File) noted() (noted []uint32, err error) {
	file, err := os.OpenFile(f.place+".lock", os.O_RDONLY|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.Path, err)
	}
	defer file.Close()
	text := make([]byte, notedSize)
	n, _ := file.ReadAt(text, notedAt) // a shorter file has fewer notes or none
	for _, word := range strings.Fields(string(text[:n])) {
		if g, err := strconv.ParseUint(word, 16, 32); err == nil {
			noted = append(noted, uint32(g))
		}
	}
	return noted, nil
}

// note replaces the notes, and returns after they are on disk: even after a
// power cut the header has one of these generations.
func (f *File) note(generations ...uint32) error {
	file, err := os.OpenFile(f.place+".lock", os.O_WRONLY|noFollow, 0)
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Path, err)
	}
	var text strings.Builder
	for _, g := range generations {
		fmt.Fprintf(&text, "%08x ", g)
	}
	_, err = file.WriteAt(fmt.Appendf(nil, "%-*s\n", notedSize-1, text.String()), notedAt)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("lock %s: %w", f.Path, err)
	}
	return nil
}

// begin gives the opened and locked file its own new generation.
func (f *File) begin(ctx context.Context, onDisk uint32) error {
	noted, err := f.noted()
	if err != nil {
		return err
	}
	var inLog uint32
	if err := f.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&inLog); err != nil {
		return classify(fmt.Errorf("open %s: %w", f.Path, err))
	}
	next := newGeneration()
	// Until the log is in the file, the header can still have any of them.
	possible := append(noted, onDisk, inLog, next)
	slices.Sort(possible)
	if possible = slices.Compact(possible); len(possible) > notedSize/9-1 {
		possible = []uint32{onDisk, inLog, next}
	}
	if err := f.note(possible...); err != nil {
		return err
	}
	if _, err := f.write.ExecContext(ctx, "PRAGMA user_version = "+strconv.FormatUint(uint64(next), 10)); err != nil {
		return classify(fmt.Errorf("open %s: %w", f.Path, err))
	}
	// PASSIVE does not wait. If another process still reads, the note stays as
	// it is.
	var busy, frames, moved int
	if err := f.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &moved); err != nil {
		return classify(fmt.Errorf("open %s: %w", f.Path, err))
	}
	if busy == 0 && frames == moved {
		return f.note(next)
	}
	return nil
}
