package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/exampleco/punchcard/auth"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

type backupCmd struct {
	File      string `arg:"" placeholder:"FILE" help:"Where to write the copy; nothing may be there yet."`
	DB        string `name:"db" env:"PUNCHCARD_DB" default:"punchcard.db" placeholder:"FILE" help:"The file to copy; punchcard.db."`
	SignedOut bool   `help:"End every sign-in, grant and token in the copy, so that none that is spent later can come back with it."`
}

// Run copies the file as it is at one moment, even while a server is writing
// to it.
func (c backupCmd) Run(ctx context.Context, d Desk) (err error) {
	file, log, err := d.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(context.WithoutCancel(ctx))) }()
	if err := file.Backup(ctx, c.File); err != nil {
		return err
	}
	state := "To restore it, stop the server and put it in the place of " + c.DB + ", without a -wal or -shm beside it. Tokens that are spent from now on are good again there; --signed-out leaves none."
	if c.SignedOut {
		if err := d.signOut(ctx, c.File, log); err != nil {
			return errors.Join(err, os.Remove(c.File))
		}
		state = "To restore it, stop the server and put it in the place of " + c.DB + ", without a -wal or -shm beside it. Everybody has to sign in again there."
	}
	_, err = fmt.Fprintf(d.Out, "%s is a copy of %s, read back and sound. It holds the signing keys: keep it as safe as the original.\n%s\n", c.File, c.DB, state)
	return err
}

// signOut ends everything that was issued in a copy. RFC 9700 4.14.2: a
// refresh token that was used after the copy was made must not become valid
// again.
func (d Desk) signOut(ctx context.Context, path string, log *slog.Logger) (err error) {
	copied, err := sqlite.Open(ctx, path, sqlite.Options{Existing: true, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close(context.WithoutCancel(ctx))) }()
	return auth.SignEverybodyOut(ctx, copied, copied.Read(), d.Now, log)
}
