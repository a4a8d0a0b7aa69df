package auth

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/oauth"
)

// parksMany leaves requests that nobody ever answers, in one commit.
func (w *world) parksMany(n int) {
	w.t.Helper()
	form := authorization()
	form.Set("state", strings.Repeat("s", 2000))
	q, err := w.parseAuthorization(w.t.Context(), form)
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.store.Unit(w.t.Context(), func(ctx context.Context) error {
		for i := range n {
			if _, err := w.parkFlow(ctx, "authorization", q, ""); err != nil {
				return err
			}
			if i%2 == 0 {
				if err := w.keepPushed(ctx, oauth.RandomToken(oauth.RequestURIPrefix), q); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A month of use leaves a file that is as long as what is alive needs. What
// was written in that time is ten times as much.
func TestThirtyDaysOfUse(t *testing.T) {
	w := newWorld(t)
	tidy := func() int64 {
		t.Helper()
		if err := w.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.disk.Shrink(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(w.disk.Path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	const perDay = 300 // some 2.4 KB each, and half as many pushed
	var sizes []int64
	refresh := w.tokens(w.exchange(w.grant("ada@example.com", "openid offline_access read:timesheets"))).RefreshToken
	for day := range 30 {
		w.parksMany(perDay)
		if day == 9 {
			w.parksMany(3000) // a flood, once
		}
		w.tokens(w.exchange(w.grant("alan@example.com", "openid read:timesheets")))
		for range 4 {
			w.tokens(w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}))
			w.television("openid read:timesheets")
			refresh = w.tokens(w.refresh(refresh)).RefreshToken
			w.clock.pass(6 * time.Hour)
		}
		sizes = append(sizes, tidy())
	}
	t.Logf("%d bytes after a day, %d after fifteen, %d after thirty", sizes[0], sizes[14], sizes[29])
	const written = 30 * perDay * 2400 * 3 / 2
	if last := sizes[29]; last > written/10 || last > sizes[14]*5/4 {
		t.Errorf("%d bytes after thirty days, %d after fifteen; %d were written", last, sizes[14], written)
	}
	for table, most := range map[string]int{
		"flows": 0, "pushed_requests": 0, "device_requests": 8, "access_tokens": 20, "sessions": 2, "families": 12, "codes": 3,
	} {
		if n := w.count(table); n > most {
			t.Errorf("%d rows of %s, want at most %d", n, table, most)
		}
	}
	if got := w.tokens(w.refresh(refresh)); !w.alive(got.AccessToken) {
		t.Error("what was in use for thirty days is gone")
	}
}

// However many requests are left waiting, there are only so many. Those that
// are finished leave first, and the one that comes last has its place.
func TestRequestsThatWaitAreBounded(t *testing.T) {
	w := newWorld(t)
	const finished = 100 // and they are the youngest
	for _, insert := range []string{
		`flows (id, kind, request, created_at, expires_at, spent_at) SELECT 'old' || n, 'authorization', '{}', 0, ?1 + n, iif(n > ?2, 1, NULL)`,
		`pushed_requests (id, client_id, request, expires_at, used_at) SELECT 'old' || n, 'x', '{}', ?1 + n, iif(n > ?2, 1, NULL)`,
		`device_requests (id, user_code, client_id, scopes, audience, source, user_agent, created_at, expires_at, interval, decision) SELECT 'old' || n, n, 'x', '', '', '', '', 0, ?1 + n, 5, iif(n > ?2, 'deny', NULL)`,
	} {
		w.exec(`WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ?2 + ?3) INSERT INTO `+insert+` FROM r`,
			w.clock.now().Add(time.Minute).UnixMilli(), maxParked, finished)
	}
	w.parksMany(2 * parkedStep)
	for range parkedStep {
		w.television("openid")
	}
	for table, done := range map[string]string{"flows": "spent_at", "pushed_requests": "used_at", "device_requests": "decision"} {
		if n := w.count(table); n > maxParked {
			t.Errorf("%d rows of %s, want at most %d", n, table, maxParked)
		}
		if n := w.count(table + ` WHERE ` + done + ` IS NOT NULL`); n > 0 {
			t.Errorf("%s: %d that were finished are kept, and some that wait are not", table, n)
		}
		if n := w.count(table + ` WHERE id NOT LIKE 'old%'`); n < parkedStep {
			t.Errorf("%s: of those that came last only %d are there", table, n)
		}
	}
}
