package people

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/store/sqlite"
)

func TestSessionsOfOnePerson(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	_, old := r.session(ada.ID)
	r.pass(time.Hour)
	secret, young := r.session(ada.ID)
	r.session(grace.ID)
	got, err := r.Sessions(t.Context(), ada.ID)
	if err != nil || len(got) != 2 || got[0].ID != young.ID || got[1].ID != old.ID || got[0].UserAgent != "Mozilla/5.0" {
		t.Fatalf("%+v, %v; want the two of Ada, the last first", got, err)
	}
	if err := r.EndSessionOf(t.Context(), grace.ID, young.ID); !errors.Is(err, ErrNoSession) || !r.alive(secret) {
		t.Errorf("another person's: %v", err)
	}
	if err := r.EndSessionOf(t.Context(), ada.ID, young.ID); err != nil || r.alive(secret) {
		t.Errorf("her own: %v", err)
	}
	if err := r.EndSessionOf(t.Context(), ada.ID, young.ID); !errors.Is(err, ErrNoSession) {
		t.Errorf("once more: %v", err)
	}
	r.pass(SessionIdle) // what is over is not listed, purged or not
	if got, err := r.Sessions(t.Context(), ada.ID); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestConsentsOfOnePerson(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	until := r.now().Add(time.Hour)
	for client, scopes := range map[string][]string{"app": {"write", "read"}, "site": {"read"}} {
		if err := r.Remember(t.Context(), ada.ID, client, scopes, until); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Consents(t.Context(), ada.ID)
	if err != nil || len(got) != 2 || got[0].ClientID != "app" || !slices.Equal(got[0].Scopes, []string{"read", "write"}) || !got[0].ExpiresAt.Equal(until) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, client := range []string{"app", "site", "unknown"} {
		if err := r.ForgetScope(t.Context(), ada.ID, client, "read"); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok, _ := r.Remembered(t.Context(), ada.ID, "app"); !ok || !slices.Equal(got, []string{"write"}) {
		t.Errorf("app: %v", got)
	}
	if got, ok, _ := r.Remembered(t.Context(), ada.ID, "site"); ok {
		t.Errorf("site: %v", got)
	}
	r.pass(time.Hour)
	if got, err := r.Consents(t.Context(), ada.ID); err != nil || len(got) != 0 {
		t.Errorf("what has expired is listed: %+v, %v", got, err)
	}
}

// What rests on a session or a consent fails as a whole once that is gone.
func TestAUnitRestsOnWhatItHasRead(t *testing.T) {
	r := open(t)
	r.apply(true, ada, grace)
	_, session := r.session(ada.ID)
	if err := r.Remember(t.Context(), ada.ID, "app", []string{"read"}, r.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	unit := func(scopes ...string) error {
		ctx := r.file.Begin(t.Context())
		return errors.Join(r.StillSignedIn(ctx, session.ID), r.StillRemembered(ctx, ada.ID, "app", scopes), write(ctx, r.file), r.file.Commit(ctx))
	}
	written := func() int64 { return r.query(`SELECT count(*) FROM login_attempts`) }
	if err := unit("read"); err != nil || written() != 1 {
		t.Fatalf("nothing has changed: %v", err)
	}
	if err := unit("read", "write"); !errors.Is(err, ErrForgotten) {
		t.Errorf("more than is remembered: %v", err)
	}
	if err := r.EndSession(t.Context(), session.ID); err != nil {
		t.Fatal(err)
	}
	if err := unit("read"); !errors.Is(err, ErrNoSession) || written() != 1 {
		t.Errorf("without the session: %v, %d rows", err, written())
	}
}

// write stands for what is given out.
func write(ctx context.Context, file *sqlite.File) error {
	return file.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO login_attempts (bucket, failures, since, last_at) VALUES (hex(randomblob(8)), 0, 0, 0)`)
		return err
	})
}
