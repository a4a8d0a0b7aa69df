package admin

import (
	"fmt"
	"os"
	"strings"

	"github.com/exampleco/punchcard/auth/seed"
)

// Load reads the configuration at path, or the built-in seed if path is "".
// builtin reports which one it was. The error is that of the file, or lists
// every mistake with its line.
func Load(path string) (document *seed.Document, builtin bool, err error) {
	data := seed.Builtin()
	if path != "" {
		if data, err = os.ReadFile(path); err != nil {
			return nil, false, fmt.Errorf("--config: %w", err)
		}
	}
	document, err = seed.Parse(data)
	if err != nil {
		return nil, false, fmt.Errorf("%s: nothing was applied:\n%w", path, err)
	}
	return document, path == "", nil
}

type configCmd struct {
	Example exampleCmd `cmd:"" help:"Print the built-in seed as YAML, to start from."`
	Check   checkCmd   `cmd:"" help:"Check a configuration without starting."`
}

type exampleCmd struct{}

func (exampleCmd) Run(d Desk) error {
	_, err := d.Out.Write(seed.Builtin())
	return err
}

type checkCmd struct {
	File string `arg:"" help:"The YAML file." placeholder:"FILE"`
}

func (c checkCmd) Run(d Desk) error {
	doc, _, err := Load(c.File)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(d.Out, "%s is good: %d people, %d roles, %d clients, %d APIs\n", c.File, len(doc.People), len(doc.Roles), len(doc.Clients), len(doc.APIs)); err != nil {
		return err
	}
	if demo := doc.DemoCredentials(); len(demo) > 0 {
		_, err = fmt.Fprintf(d.Out, "It works on this machine only: the passwords or secrets of %s are public.\n", strings.Join(demo, ", "))
	}
	return err
}
