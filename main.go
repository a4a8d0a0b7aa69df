// Punchcard is OAuth 2 and OpenID Connect, running and visible, in one binary.
//
//	person ──browser──►┐          one process, one SQLite file
//	                   │   ┌──────────────────────────────────────────────┐
//	app ───────────────┼──►│ edge     host, size, request id, log         │
//	(phone, browser,   │   │  ├─ auth         authorization server        │
//	 server, machine)  │   │  │   ├─ store people keys seed               │
//	                   │   │  │   └─ views     login, consent, errors     │
//	                   └──►│  ├─ timesheets   resource server  /api       │
//	                       │  │   └─ asks auth.Verify about each token    │
//	                       │  └─ views/site   start, phone app, reference │
//	                       └──────────────────────────────────────────────┘
//
// This file has the command line. The rooms are put together in auth/stack.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/exampleco/punchcard/auth/admin"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/stack"
	"github.com/exampleco/punchcard/auth/stack/alone"
	"github.com/exampleco/punchcard/timesheets/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal kills
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes of the command.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2 // and 4 for what is forbidden, which client knows
)

type cli struct {
	Serve   stack.Serve `cmd:"" default:"withargs" help:"Open or create the file, and serve (the default)."`
	API     alone.Serve `cmd:"" name:"api" help:"Serve the Timesheets API alone, for the tokens of any issuer of RFC 9068 access tokens."`
	Version versionCmd  `cmd:"" help:"Print what this binary is."`
	Reset   stack.Reset `cmd:"" help:"Set a file back to its seed, also beside a running server; the signing keys stay."`

	Admin  admin.Commands  `embed:""` // on the file, beside a running server, and on its configuration
	Client client.Commands `embed:""` // the native app
}

// run is the program: it returns the exit code and never exits by itself.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runAt(ctx, time.Now, args, stdout, stderr)
}

// runAt is run by another clock, for what takes 90 days.
func runAt(ctx context.Context, now func() time.Time, args []string, stdout, stderr io.Writer) (code int) {
	type exit int
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exit)
			if !ok {
				panic(p)
			}
			code = int(e)
		}
	}()
	var c cli
	parser, err := kong.New(&c, kong.Name("punchcard"), kong.Description("OAuth 2 and OpenID Connect, running and visible, in one binary."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exit(code)) }), kong.Help(help),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(edge.Process{Out: stdout, Err: stderr, Now: now, Version: version()}, client.Terminal{Out: stdout, Err: stderr},
			admin.Desk{Out: stdout, Err: stderr, Now: now, Migrations: stack.Migrations()}))
	if err != nil {
		panic(err) // the command line itself is declared wrongly
	}
	if err := withoutEmpty(parser); err != nil {
		panic(err) // the command line itself is declared wrongly
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "punchcard: %s\nRun punchcard --help for the commands and flags.\n", edge.Plain(err.Error()))
		return exitUsage
	}
	if err := command.Run(); err != nil {
		fmt.Fprintf(stderr, "punchcard: %s\n", edge.Plain(err.Error()))
		var known kong.ExitCoder
		if errors.As(err, &known) {
			return known.ExitCode()
		}
		return exitFailure
	}
	return exitOK
}

// withoutEmpty makes an environment variable that is empty count as one that is
// not set: Compose files and shells write it so, and no flag has "" for a value.
func withoutEmpty(parser *kong.Kong) error {
	return kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			flag.Tag.Envs = slices.DeleteFunc(slices.Clone(flag.Tag.Envs), func(name string) bool {
				value, set := os.LookupEnv(name)
				return set && value == ""
			})
		}
		return next(nil)
	})
}

// help shows serve's flags first: nearly everybody who asks wants those.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if ctx.Selected() != nil {
		return kong.DefaultHelpPrinter(options, ctx)
	}
	serve, err := kong.Trace(ctx.Kong, []string{"serve"})
	if err != nil {
		return err
	}
	fmt.Fprintf(ctx.Stdout, "%s\n\n", ctx.Model.Help)
	if err := kong.DefaultHelpPrinter(options, serve); err != nil {
		return err
	}
	fmt.Fprintln(ctx.Stdout, "\nOther commands:")
	for _, child := range ctx.Model.Leaves(true) {
		if child.Name != "serve" {
			fmt.Fprintf(ctx.Stdout, "  %-24s %s\n", child.Path(), child.Help)
		}
	}
	return nil
}

type versionCmd struct{}

// Run prints what this binary is made of.
func (versionCmd) Run(p edge.Process) error {
	_, err := fmt.Fprintf(p.Out, "punchcard %s %s %s/%s\n", p.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// buildVersion is set by the linker in a release.
var buildVersion string

// version is the release, else the module's version, else the commit.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "dev"
}
