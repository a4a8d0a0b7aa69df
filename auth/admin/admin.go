// Package admin has the commands on the file and on its configuration: those
// that a person at the terminal runs beside a running server. The server
// notices what they have done by itself; nothing has to be restarted.
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

// Desk is where a command works: what it prints to, the time, and the tables
// of every room.
type Desk struct {
	Out, Err   io.Writer
	Now        func() time.Time
	Migrations []sqlite.MigrationSet
}

// Open opens a file for administration, also while a server runs on it. Its
// log has errors alone.
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
