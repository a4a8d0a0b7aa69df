package client_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/alecthomas/kong"

	"github.com/exampleco/punchcard/timesheets/client"
)

// A program of your own gets the commands by embedding them. kong needs a
// Terminal and a context to run them.
func Example() {
	home, err := os.MkdirTemp("", "client")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(home)
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} { // no session is stored there
		defer os.Setenv(name, os.Getenv(name))
		os.Setenv(name, home)
	}

	var program struct{ client.Commands }
	parser, err := kong.New(&program, kong.Name("hours"))
	if err != nil {
		log.Fatal(err)
	}
	command, err := parser.Parse([]string{"list", "--server", "http://localhost:8484"})
	if err != nil {
		log.Fatal(err)
	}
	command.BindTo(context.Background(), (*context.Context)(nil))
	fmt.Println(command.Run(client.Terminal{Out: os.Stdout, Err: os.Stderr}))

	// Output:
	// You are not signed in to http://localhost:8484.
	// Sign in: punchcard login
}
