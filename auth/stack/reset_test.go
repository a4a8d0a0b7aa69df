package stack

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// In a running server, twice: the second time it notices as well.
func TestResetInProcess(t *testing.T) {
	p, r, _ := inside(t)
	emptied := 0
	r.onReset = append(r.onReset, func(*sql.Tx) error { emptied++; return nil })
	for n := range 2 {
		u := agent.Leave(t, p.browser(t), func(statements string) {
			err := r.file.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(statements); return err })
			if err != nil {
				t.Fatal(err)
			}
		})
		if err := r.reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		u.AreGone(t)
		if emptied != n+1 {
			t.Errorf("whoever else keeps something was asked %d times", emptied)
		}
	}
}

// A reset in which one room fails has not happened in any.
func TestResetIsOneCommit(t *testing.T) {
	p, r, _ := inside(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	broken := errors.New("broken")
	r.onReset = append(r.onReset, func(*sql.Tx) error { return broken })
	if err := r.reset(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("%v", err)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("half a reset: %d", a.StatusCode)
	}
	b.Tokens(b.Refresh(c, got.Refresh))
}

// Whatever a reset meets, it is before or after it, whole.
func TestResetUnderLoad(t *testing.T) {
	p, r, _ := inside(t)
	ctx, stop := context.WithCancel(t.Context())
	var each sync.WaitGroup
	var mu sync.Mutex
	var issued []string
	for range 6 {
		b := p.browser(t)
		each.Go(func() {
			for ctx.Err() == nil {
				a := b.Do("POST", "/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}})
				if a.StatusCode != 200 {
					t.Errorf("%d %s", a.StatusCode, a.Text)
					return
				}
				token, _ := a.JSON(t)["access_token"].(string)
				if a := b.API("GET", "/me", token, ""); a.StatusCode != 200 && a.StatusCode != 401 {
					t.Errorf("%d %s", a.StatusCode, a.Text)
				}
				mu.Lock()
				issued = append(issued, token)
				mu.Unlock()
			}
		})
	}
	for range 10 {
		mu.Lock()
		before := slices.Clone(issued)
		mu.Unlock()
		if err := r.reset(t.Context()); err != nil {
			t.Error(err)
		}
		for _, token := range before[max(0, len(before)-5):] {
			if _, err := r.auth.Verify(t.Context(), token, ""); err == nil {
				t.Error("a token of before stands")
			}
		}
	}
	stop()
	each.Wait()
}

func TestResetAsks(t *testing.T) {
	for typed, want := range map[string]bool{"yes\n": true, " yes \n": true, "yes": true, "": false, "y\n": false, "no\n": false, "YES\n": false} {
		if got := saysYes(t.Context(), strings.NewReader(typed)); got != want {
			t.Errorf("%q: %v", typed, got)
		}
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if never, _ := io.Pipe(); saysYes(ctx, never) {
		t.Error("an interrupt is no yes")
	}
}
