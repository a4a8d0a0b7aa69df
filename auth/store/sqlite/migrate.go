package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
)

// MigrationSet is one room's tables: goose files in migrations/ of FS, counted
// in a table of their own (migrations_<Name>), so that rooms grow
// independently of each other.
type MigrationSet struct {
	Name string // [a-z_]+; it is part of a table's name
	FS   fs.FS
}

const versionTable = "migrations_"

// Migrate brings the sets up to date, or those of Options if none is given.
// Each migration is one transaction that includes its version number: a
// process killed during it leaves the previous version. Errors: *NewerError
// before anything is written, *UnavailableError, or the migration's own.
func (f *File) Migrate(ctx context.Context, sets ...MigrationSet) error {
	if len(sets) == 0 {
		sets = f.sets
	}
	if err := f.compareVersions(ctx, f.read, sets, false); err != nil {
		return err
	}
	for _, set := range sets {
		p, err := provider(f.write, set)
		if err != nil {
			return err
		}
		done, err := p.Up(ctx)
		for _, m := range done {
			f.log.LogAttrs(ctx, slog.LevelDebug, "migrated", slog.String("set", set.Name), slog.Int64("version", m.Source.Version))
		}
		if err != nil {
			return classify(fmt.Errorf("migrate the %s tables: %w", set.Name, err))
		}
	}
	return nil
}

func provider(db *sql.DB, set MigrationSet) (*goose.Provider, error) {
	if strings.Trim(set.Name, "abcdefghijklmnopqrstuvwxyz_") != "" || set.Name == "" {
		return nil, fmt.Errorf("%q is no name for a set of migrations", set.Name)
	}
	files, err := fs.Sub(set.FS, "migrations")
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName(versionTable+set.Name),
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("migrations of the %s tables: %w", set.Name, err)
	}
	return p, nil
}

// compareVersions refuses a file that is newer than this program; goose itself
// accepts it silently. With all, sets is the complete list, and a set that
// only the file has counts as newer too.
func (f *File) compareVersions(ctx context.Context, db *sql.DB, sets []MigrationSet, all bool) error {
	found, err := versions(ctx, db)
	if err != nil {
		return classify(fmt.Errorf("read schema versions of %s: %w", f.Path, err))
	}
	for name, version := range found {
		i := slices.IndexFunc(sets, func(s MigrationSet) bool { return s.Name == name })
		if i < 0 && !all {
			continue
		}
		var known int64
		if i >= 0 {
			if known, err = newest(db, sets[i]); err != nil {
				return err
			}
		}
		ok := i >= 0 && version <= known
		f.check(ctx, rules.SchemaKnown, ok, fmt.Sprintf("%s at most %d", name, known), fmt.Sprintf("%s %d", name, version))
		if !ok {
			return &NewerError{Path: f.Path, Set: name, Found: version, Known: known}
		}
	}
	return nil
}

func newest(db *sql.DB, set MigrationSet) (int64, error) {
	p, err := provider(db, set)
	if err != nil {
		return 0, err
	}
	sources := p.ListSources()
	if len(sources) == 0 {
		return 0, errors.New("a set of migrations is empty")
	}
	return sources[len(sources)-1].Version, nil
}

// versions reads the newest version of each set that the file has.
func versions(ctx context.Context, db *sql.DB) (map[string]int64, error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, ?) = ?`,
		len(versionTable), versionTable)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		tables = append(tables, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	found := map[string]int64{}
	for _, table := range tables {
		var v sql.NullInt64
		quoted := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
		if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM "+quoted).Scan(&v); err != nil {
			return nil, err
		}
		found[strings.TrimPrefix(table, versionTable)] = v.Int64
	}
	return found, nil
}
