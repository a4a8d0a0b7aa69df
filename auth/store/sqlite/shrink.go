package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
)

const (
	// incremental is the auto_vacuum mode in which free pages are given back
	// to the disk a few at a time (sqlite.org/pragma.html#pragma_auto_vacuum).
	incremental = 2
	// shrinkStep is how many pages one commit gives back: others write in between.
	shrinkStep = 128
	// keepFree pages stay for later writes, or an eighth of the used pages.
	keepFree = 256
)

// Shrink gives the space of deleted rows back to the disk, in short
// transactions, except for some that will soon be used again. Errors: those of
// a Write; what was done by then stays done.
func (f *File) Shrink(ctx context.Context) error {
	var before int
	for {
		mode, pages, free, err := f.space(ctx)
		if err != nil {
			return err
		}
		if before == 0 {
			before = pages
		}
		if over := free - max(keepFree, (pages-free)/8); mode != incremental || over <= 0 {
			break
		}
		if err := f.Write(ctx, giveBack); err != nil {
			return fmt.Errorf("give free pages back: %w", err)
		}
	}
	_, pages, _, err := f.space(ctx)
	if err != nil || pages == before {
		return err
	}
	// The file gets shorter when the log is moved into it.
	if _, err := f.write.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
		return classify(fmt.Errorf("give free pages back: %w", err))
	}
	f.wrote(ctx, "shrink", slog.Int("pages", pages), slog.Int("before", before))
	return nil
}

// giveBack has to step through all rows of the pragma: each row is a page.
func giveBack(tx *sql.Tx) error {
	rows, err := tx.Query(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", shrinkStep))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

func (f *File) space(ctx context.Context) (mode, pages, free int, err error) {
	for pragma, to := range map[string]*int{"auto_vacuum": &mode, "page_count": &pages, "freelist_count": &free} {
		if err := f.read.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(to); err != nil {
			return 0, 0, 0, classify(fmt.Errorf("read %s: %w", pragma, err))
		}
	}
	return mode, pages, free, nil
}

// makeShrinkable rewrites, once, a file that an older version made without
// auto_vacuum: a second or two for each 100 MB. If there is no room for that,
// the file is served as it is, and the next start tries again.
func (f *File) makeShrinkable(ctx context.Context) error {
	var mode int
	if err := f.write.QueryRowContext(ctx, "PRAGMA auto_vacuum").Scan(&mode); err != nil {
		return classify(fmt.Errorf("open %s: %w", f.Path, err))
	}
	if mode == incremental {
		return nil
	}
	_, err := f.write.ExecContext(ctx, "PRAGMA auto_vacuum = INCREMENTAL")
	if err == nil {
		_, err = f.write.ExecContext(ctx, "VACUUM") // only this changes the mode of a file that has tables
	}
	if err != nil {
		f.log.WarnContext(ctx, "the database file keeps its free space: it could not be rewritten; a start with more room on the disk can", "file", f.Path, "err", err)
	}
	return ctx.Err()
}
