package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/exampleco/punchcard/auth/keys"
)

type keysCmd struct {
	Rotate rotateCmd `cmd:"" help:"Sign with new keys from now on, also beside a running server; the old ones stay published until their last token has expired."`
}

type rotateCmd struct {
	DB string `name:"db" env:"PUNCHCARD_DB" default:"punchcard.db" placeholder:"FILE" help:"The file whose signing keys to rotate; punchcard.db."`
}

// Run rotates the keys. A server that runs on the file follows within a second.
func (c rotateCmd) Run(ctx context.Context, d Desk) (err error) {
	file, log, err := d.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(context.WithoutCancel(ctx))) }()
	rotated, err := keys.Rotate(ctx, keys.Config{Writer: file, Read: file.Read(), Now: d.Now, Log: log})
	if err != nil {
		return err
	}
	for _, r := range rotated {
		fmt.Fprintf(d.Out, "%s  %s takes over from %s\n", r.Algorithm, r.New, cmp.Or(r.Old, "none"))
	}
	_, err = fmt.Fprintln(d.Out, "New tokens are signed with the new keys within a second. The old keys stay published until their last token has expired.")
	return err
}
