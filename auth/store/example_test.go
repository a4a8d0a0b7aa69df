package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// A store on a new file, with one client. A code is used twice, and the second
// use is refused.
func Example() {
	folder, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	file, err := sqlite.Open(ctx, filepath.Join(folder, "example.db"), sqlite.Options{
		Migrations: []sqlite.MigrationSet{{Name: "store", FS: store.Migrations}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close(ctx)
	if err := file.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	s := store.New(store.Config{
		Writer: file, Read: file.Read(), Base: "https://auth.example",
		Session: func() fosite.Session { return new(fosite.DefaultSession) },
	})
	app := store.Client{ID: "app", Name: "App", Kind: "browser", RedirectURIs: []string{"{base}/callback"}}
	if _, err := s.ApplyClients(ctx, []store.Client{app}); err != nil {
		log.Fatal(err)
	}

	client, err := s.Client(ctx, "app")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.RedirectURIs[0])

	request := fosite.NewRequest()
	request.ID, request.Client, request.Session = "grant-1", client, new(fosite.DefaultSession)
	if err := s.CreateAuthorizeCodeSession(ctx, "code", request); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.InvalidateAuthorizeCodeSession(ctx, "code"))
	fmt.Println(errors.Is(s.InvalidateAuthorizeCodeSession(ctx, "code"), store.ErrSpent))

	// Output:
	// https://auth.example/callback
	// <nil>
	// true
}

// Writes in a Unit are committed together, or not at all.
func ExampleUnit() {
	folder, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	file, err := sqlite.Open(ctx, filepath.Join(folder, "example.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close(ctx)

	create := func(name string) func(*sql.Tx) error {
		return func(tx *sql.Tx) error { _, err := tx.Exec(`CREATE TABLE ` + name + ` (id TEXT)`); return err }
	}
	err = store.Unit(ctx, file, func(ctx context.Context) error {
		if err := file.Write(ctx, create("first")); err != nil {
			return err
		}
		return errors.New("changed my mind")
	})
	fmt.Println(err)

	var tables int
	if err := file.Read().QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'first'`).Scan(&tables); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tables)

	// Output:
	// changed my mind
	// 0
}
