package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// applicationID marks a SQLite file as ours: "PNCH", at byte 68 of the file.
const applicationID = 0x504e4348

// isNew reports whether there is no file, or an empty one.
func (f *File) isNew() (bool, error) {
	info, err := os.Stat(f.place)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("open %s: %w", f.Path, err)
	}
	return info.Size() == 0, nil
}

// create builds the file under another name and moves it into place. So at
// every moment there is either no file or one whose first bytes say that it is
// ours, even if the process is killed.
func (f *File) create(ctx context.Context) error {
	// SQLite would replay such a log into the new file.
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(f.place + suffix); err == nil && info.Size() > 0 {
			return f.refuse(ErrOrphaned, f.Path+suffix,
				"put the database file back, or move the journal away to start afresh")
		}
	}
	draft := f.place + ".new"
	if err := f.draft(ctx, draft); err != nil {
		return fmt.Errorf("create %s: %w", f.Path, errors.Join(err, os.Remove(draft)))
	}
	if err := os.Rename(draft, f.place); err != nil {
		return fmt.Errorf("create %s: %w", f.Path, err)
	}
	syncDir(filepath.Dir(f.place))
	f.Created = true
	return nil
}

func (f *File) draft(ctx context.Context, draft string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} { // left by a killed attempt
		if err := os.Remove(draft + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	// 0600: the file will contain private keys. SQLite gives -wal and -shm the
	// same mode.
	empty, err := os.OpenFile(draft, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := empty.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", uri(draft, url.Values{
		"mode":    {"rw"},
		"_pragma": {"synchronous(FULL)", "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)"},
	}))
	if err != nil {
		return err
	}
	// A separate statement, because the driver would set it first, and the
	// first page that is written decides about auto_vacuum.
	_, err = db.ExecContext(ctx, "PRAGMA application_id = "+strconv.Itoa(applicationID))
	// Closing the last connection moves the log into the file: from here on
	// the header on disk has the mark.
	return classify(errors.Join(err, db.Close()))
}

// syncDir puts a rename on disk if the system supports that. If it does not,
// nothing can be done.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
