package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Backup writes a copy of the file to a path where no file exists. The copy is
// the file as it was committed at one moment, however many writes happen at
// the same time. It has mode 0600, was checked with integrity_check, and
// appears completely or not at all. Errors: *RefusedError for the path,
// *UnavailableError, or a copy that did not pass the check.
func (f *File) Backup(ctx context.Context, path string) error {
	place, err := locate(path)
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		refused.Fix = "name another file in a folder that exists"
	}
	if err != nil {
		return err
	}
	if _, err := os.Lstat(place); !errors.Is(err, fs.ErrNotExist) {
		return &RefusedError{Path: path, Reason: ErrPath, Detail: "there is a file already", Fix: "name one that does not exist; a backup never replaces anything"}
	}
	draft := place + ".new"
	if err := f.copyTo(ctx, draft); err != nil {
		return fmt.Errorf("back up to %s: %w", path, errors.Join(err, remove(draft)))
	}
	// A link, because a rename would replace a file that another process has
	// just put there.
	if err := os.Link(draft, place); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return errors.Join(&RefusedError{Path: path, Reason: ErrPath, Detail: "there is a file already", Fix: "name one that does not exist"}, remove(draft))
		}
		if err := os.Rename(draft, place); err != nil { // for file systems without links
			return fmt.Errorf("back up to %s: %w", path, errors.Join(err, remove(draft)))
		}
	}
	err = remove(draft)
	syncDir(filepath.Dir(place))
	f.wrote(ctx, "backup")
	return err
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *File) copyTo(ctx context.Context, draft string) error {
	if err := remove(draft); err != nil { // left by a killed attempt
		return err
	}
	// 0600 before the first byte: the copy contains the private keys too.
	// SQLite treats an empty file like a missing one.
	empty, err := os.OpenFile(draft, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer empty.Close()
	// VACUUM INTO reads one snapshot and never stops a writer (WAL). cp would
	// miss the write-ahead log, and closing its descriptor would drop SQLite's
	// locks on the file (see doc.go).
	if _, err := f.write.ExecContext(ctx, "VACUUM INTO ?", draft); err != nil {
		return classify(err)
	}
	// The copy gets its own generation: the log of the file that it may
	// replace does not belong to it.
	if _, err := empty.WriteAt(binary.BigEndian.AppendUint32(nil, newGeneration()), generationAt); err != nil {
		return err
	}
	if err := checkCopy(ctx, draft); err != nil {
		return err
	}
	return empty.Sync()
}

// checkCopy reads the whole copy, indexes included, without writing.
func checkCopy(ctx context.Context, draft string) error {
	db, err := sql.Open("sqlite", uri(draft, url.Values{"mode": {"ro"}, "immutable": {"1"}}))
	if err != nil {
		return err
	}
	defer db.Close()
	var id int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return classify(err)
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return classify(err)
	}
	if id != applicationID || verdict != "ok" {
		return fmt.Errorf("the copy is %w: integrity_check: %s", ErrCorrupt, strings.Join(strings.Fields(verdict), " "))
	}
	return nil
}
