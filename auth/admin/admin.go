// Package admin has the commands that a person runs in a terminal while a
// server is running. They work on the database file and on its configuration.
// The server notices the changes by itself and need not be restarted.
package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// Commands are embedded in the program's command line.
type Commands struct {
	Keys         keysCmd         `cmd:"" help:"Rotate the signing keys."`
	Backup       backupCmd       `cmd:"" help:"Write a consistent copy of a file, also beside a running server."`
	Registration registrationCmd `cmd:"" help:"Let apps from elsewhere register themselves."`
	Config       configCmd       `cmd:"" help:"Print or check a configuration."`
}

// Desk is what a command works with: its output, the time, and the tables of
// every room.
type Desk struct {
	Out, Err   io.Writer
	Now        func() time.Time
	Migrations []sqlite.MigrationSet
}

// Open opens a file for administration, also while a server uses it. Its log
// contains only errors.
func (d Desk) Open(ctx context.Context, db string) (*sqlite.File, *slog.Logger, error) {
	log := edge.Logger(d.Err, "auto", "error")
	file, err := sqlite.Open(ctx, db, sqlite.Options{Existing: true, Migrations: d.Migrations, Log: log})
	if err != nil {
		return nil, nil, err
	}
	if err := file.Migrate(ctx); err != nil {
		return nil, nil, errors.Join(err, file.Close(context.WithoutCancel(ctx)))
	}
	return file, log, nil
}
