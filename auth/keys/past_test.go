package keys

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// RP-Initiated Logout 4: a hint is recognised long after its key was rotated
// out. Nothing else is, and what is kept signs nothing any more.
func TestAHintOutlivesItsKey(t *testing.T) {
	const within = 90 * 24 * time.Hour
	clock := &hands{at: noon}
	c := config(openFile(t, filepath.Join(t.TempDir(), "keys.db")), noon)
	c.Now = clock.now
	server, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	hints := map[string]string{ES256: sign(t, server, ES256, TypeJWT), RS256: sign(t, server, RS256, TypeJWT)}
	access := sign(t, server, ES256, TypeAccessToken)
	if _, err := Rotate(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	clock.move(settleAfter + time.Second)
	looking(t, server)
	if err := server.Settle(t.Context(), clock.now().Add(15*time.Minute)); err != nil {
		t.Fatal(err)
	}
	privates := func() (n int) {
		t.Helper()
		if err := c.Read.QueryRow(`SELECT count(*) FROM signing_keys WHERE length(private_key) > 0`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, after := range []struct {
		pass     time.Duration
		good     bool
		privates int
	}{{0, true, 4}, {16 * time.Minute, true, 4}, {25 * time.Hour, true, 2}, {within - 26*time.Hour, true, 2}, {2 * time.Hour, false, 2}, {25 * time.Hour, false, 2}} {
		clock.move(after.pass)
		looking(t, server)
		for range 2 { // the second time from what a purge has left
			for alg, hint := range hints {
				payload, err := server.VerifyHint(t.Context(), hint, within)
				if good := err == nil && len(payload) > 0; good != after.good || !good && !errors.Is(err, ErrUnknownKey) {
					t.Errorf("%v on, %s: %v", after.pass, alg, err)
				}
				if slices.Contains(kids(server), kidOf(t, hint)) != (after.pass == 0) {
					t.Errorf("%v on, %s: published %v", after.pass, alg, kids(server))
				}
			}
			if err := server.Purge(t.Context(), within); err != nil {
				t.Fatal(err)
			}
		}
		if n := privates(); n != after.privates {
			t.Errorf("%v on: %d private keys are stored, want %d", after.pass, n, after.privates)
		}
		if _, err := server.Verify(access, TypeAccessToken); (err == nil) != (after.pass == 0) {
			t.Errorf("%v on: an access token of the old key: %v", after.pass, err)
		}
		if _, err := server.VerifyHint(t.Context(), access, within); !errors.Is(err, ErrType) && after.good {
			t.Errorf("%v on: an access token as hint: %v", after.pass, err)
		}
		for _, forged := range []string{hints[ES256][:len(hints[ES256])-8] + "AAAAAAAA", "x.y.z"} {
			if _, err := server.VerifyHint(t.Context(), forged, within); err == nil {
				t.Errorf("%v on: a forged hint is believed", after.pass)
			}
		}
	}
	var left int
	if err := c.Read.QueryRow(`SELECT count(*) FROM signing_keys`).Scan(&left); err != nil || left != 2 {
		t.Errorf("%d keys are left, want the two that sign (%v)", left, err)
	}
}
