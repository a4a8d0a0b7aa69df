package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

const (
	headerSize = 100 // https://www.sqlite.org/fileformat.html 1.3
	magic      = "SQLite format 3\x00"
	fixForeign = "use --db with another file"
	fixDamaged = "restore a backup, or use --db with another file"
)

// inspect decides, without writing a byte, whether an existing file of ours
// may be opened for writing.
func (f *File) inspect(ctx context.Context) error {
	if err := f.checkLog(ctx); err != nil {
		return err
	}
	before, err := os.Stat(f.place)
	if err != nil {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	// A connection to a file in WAL mode creates -wal and -shm if they are
	// missing. "immutable" avoids that, and is correct as long as there is no
	// log to read and no server that could write one.
	if f.lock != nil && !f.hasLog() {
		err := f.inspectContent(ctx, url.Values{"mode": {"ro"}, "immutable": {"1"}})
		after, serr := os.Stat(f.place)
		if serr == nil && after.ModTime().Equal(before.ModTime()) && after.Size() == before.Size() && !f.hasLog() {
			return err
		}
		// An administration command wrote in the meantime: check again.
	}
	return f.inspectContent(ctx, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)"}})
}

func (f *File) hasLog() bool {
	info, err := os.Stat(f.place + "-wal")
	return err == nil && info.Size() > 0
}

// inspectHeader reads the file's first bytes directly, because SQLite would
// create files beside a foreign file to do so. Every file of ours has the
// mark: a new file appears only with its header on disk, and the mark never
// changes.
func (f *File) inspectHeader(ctx context.Context) error {
	file, err := os.Open(f.place)
	if err != nil {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	defer file.Close()
	head := make([]byte, headerSize)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	if head = head[:n]; !strings.HasPrefix(string(head), magic) {
		f.check(ctx, rules.Ours, false, applicationID, "no SQLite file")
		return f.refuse(ErrNotOurs, "it is no SQLite file", fixForeign)
	}
	if n < headerSize {
		return f.refuse(ErrCorrupt, "it ends within its header", fixDamaged)
	}
	id := binary.BigEndian.Uint32(head[68:72])
	f.check(ctx, rules.Ours, id == applicationID, applicationID, id)
	if id != applicationID {
		return f.refuse(ErrNotOurs, "it is another program's SQLite file", fixForeign)
	}
	return f.inspectMode(ctx, file)
}

func (f *File) inspectMode(ctx context.Context, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	private := runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0
	f.check(ctx, rules.Private, private, "0600", info.Mode().Perm().String())
	if !private {
		return f.refuse(ErrExposed, "other users of this machine may open it (mode "+info.Mode().Perm().String()+"), and it holds the private signing keys", "chmod 600 "+f.Path)
	}
	// SQLite falls back to read-only, and would report it only at the first
	// write.
	w, err := os.OpenFile(f.place, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open %s for writing: %w", f.Path, err)
	}
	return w.Close()
}

// inspectContent runs quick_check and compares schema versions on a connection
// that cannot write.
func (f *File) inspectContent(ctx context.Context, query url.Values) error {
	db, err := sql.Open("sqlite", uri(f.place, query))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var verdict string
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if err == nil && verdict == "ok" {
		f.check(ctx, rules.Sound, true, "ok", verdict)
		return f.compareVersions(ctx, db, f.sets, len(f.sets) > 0)
	}
	if err != nil {
		if c := code(err); c != sqlite3.SQLITE_CORRUPT && c != sqlite3.SQLITE_NOTADB {
			return classify(fmt.Errorf("check %s: %w", f.Path, err))
		}
		verdict = err.Error()
	}
	f.check(ctx, rules.Sound, false, "ok", verdict)
	if !query.Has("immutable") && f.hasLog() && f.inspectContent(ctx, url.Values{"mode": {"ro"}, "immutable": {"1"}}) == nil {
		return f.foreignLog("it is damaged together with " + f.Path + "-wal and sound without it, as a copy is that was put in its place")
	}
	return f.refuse(ErrCorrupt, "quick_check: "+strings.Join(strings.Fields(verdict), " "), fixDamaged)
}
