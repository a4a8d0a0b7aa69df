package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/register"
)

type registrationCmd struct {
	Token registrationTokenCmd `cmd:"" help:"Make an initial access token, with which an app registers itself where that is not open."`
}

type registrationTokenCmd struct {
	DB   string        `name:"db" env:"PUNCHCARD_DB" default:"punchcard.db" placeholder:"FILE" help:"The file of the server; punchcard.db."`
	Uses int           `default:"1" placeholder:"N" help:"For how many registrations; 1."`
	For  time.Duration `default:"24h" placeholder:"DURATION" help:"How long it is good; 24h."`
}

// Run prints only the token on standard output. Nothing shows it again.
func (c registrationTokenCmd) Run(ctx context.Context, d Desk) (err error) {
	if c.Uses < 1 || c.Uses > 1000 || c.For < time.Minute || c.For > 90*24*time.Hour {
		return edge.Usage(errors.New("--uses must be from 1 to 1000, and --for from 1m to 2160h"))
	}
	file, _, err := d.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(context.WithoutCancel(ctx))) }()
	until := d.Now().Add(c.For)
	token, err := register.InitialToken(ctx, file, d.Now, c.Uses, until)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Err, "Good for %d registrations until %s. The app sends it as Authorization: Bearer … to /oidc/register.\n", c.Uses, until.Format(time.RFC1123))
	_, err = fmt.Fprintln(d.Out, token)
	return err
}
