package stack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/exampleco/punchcard/auth"
	"github.com/exampleco/punchcard/auth/admin"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// Reset is the command that sets a file back to its seed.
type Reset struct {
	DB     string `name:"db" env:"PUNCHCARD_DB" default:"punchcard.db" placeholder:"FILE" help:"The file to set back; punchcard.db."`
	Config string `env:"PUNCHCARD_CONFIG" placeholder:"FILE" help:"The configuration that its server was started with; default: the built-in seed."`
	Yes    bool   `help:"Do not ask."`
}

// Run sets the file back. A server that runs on it notices by itself.
func (c Reset) Run(ctx context.Context, p edge.Process) (err error) {
	if !c.Yes && !(edge.Terminal(os.Stdin) && edge.Terminal(p.Err)) {
		return edge.Usage(errors.New("reset removes what is in the file and asks before it does, but nobody is here to answer; add --yes"))
	}
	document, builtin, err := admin.Load(c.Config)
	if err != nil {
		return err
	}
	file, log, err := admin.Desk{Out: p.Out, Err: p.Err, Now: p.Now, Migrations: Migrations()}.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(context.WithoutCancel(ctx))) }()
	if err := c.compare(ctx, file, document, p.Err); err != nil {
		return err
	}
	if !c.Yes {
		fmt.Fprintf(p.Err, "This removes every sign-in, consent, token, changed password and timesheet entry from %s.\nIts signing keys stay. Type yes to go on: ", c.DB)
		if !saysYes(ctx, os.Stdin) {
			return errors.New("nothing was changed")
		}
	}
	// The issuer is stored nowhere, so any will do.
	rooms, err := (&Serve{Issuer: "http://localhost"}).wire(ctx, file, document, builtin, p, log)
	if err != nil {
		return err
	}
	if err := rooms.reset(ctx); err != nil {
		return err
	}
	week := ""
	if builtin {
		week = ", and a fresh week of timesheets"
	}
	_, err = fmt.Fprintf(p.Out, "%s is back to its seed: %d people, %d clients%s. All sign-ins and tokens are void, the signing keys stayed.\n", c.DB, len(document.People), len(document.Clients), week)
	return err
}

// compare warns where the file was used with another configuration. Public
// passwords never take the place of somebody's own because a flag was
// forgotten: the server may be one that others can reach.
func (c Reset) compare(ctx context.Context, file *sqlite.File, document *seed.Document, warn io.Writer) error {
	last, err := auth.LastApplied(ctx, file.Read())
	switch {
	case err != nil:
		return err
	case c.Config == "" && last.Known && !last.Builtin:
		return fmt.Errorf("%s was last used with a configuration of its own; name that with --config", c.DB)
	case last.Known && !last.Same(document):
		fmt.Fprintf(warn, "punchcard: %s was last used with another configuration. A server that is running on it goes by that one until it is restarted.\n", c.DB)
	}
	return nil
}

// saysYes waits for a line, or until ctx ends.
func saysYes(ctx context.Context, in io.Reader) bool {
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(in).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		return strings.TrimSpace(text) == "yes"
	case <-ctx.Done():
		return false
	}
}

// reset sets everything back to the seed in one commit, and keeps the signing
// keys. What requests do at that moment comes before it or after it, whole.
func (r *rooms) reset(ctx context.Context) error {
	return store.Unit(ctx, r.file, func(ctx context.Context) error {
		if err := r.auth.Reset(ctx); err != nil {
			return fmt.Errorf("reset the authorization server: %w", err)
		}
		if err := r.timesheets.Reset(ctx, r.now(), r.builtin); err != nil {
			return fmt.Errorf("reset the timesheets: %w", err)
		}
		for _, empty := range r.onReset {
			if err := r.file.Write(ctx, empty); err != nil {
				return fmt.Errorf("reset: %w", err)
			}
		}
		return nil
	})
}
