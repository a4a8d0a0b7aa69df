package keys

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// hands is a clock that a test moves.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.at }

func (h *hands) move(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.at = h.at.Add(d) }

// looking makes the next Refresh read the file, as it does by itself five
// times a second.
func looking(t *testing.T, r *Ring) {
	t.Helper()
	r.looked.Store(-int64(reloadEvery))
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func kids(r *Ring) (out []string) {
	for _, k := range r.JWKS().Keys {
		out = append(out, k.KeyID)
	}
	return out
}

// A rotation by another process, from the first moment to the last.
func TestARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.db")
	clock := &hands{at: noon}
	c := config(openFile(t, path), noon)
	c.Now = clock.now
	server, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	old := map[string]string{ES256: sign(t, server, ES256, TypeAccessToken), RS256: sign(t, server, RS256, TypeJWT)}
	rotated, err := Rotate(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	looking(t, server)
	for _, r := range rotated {
		if r.Old != kidOf(t, old[r.Algorithm]) || r.New == r.Old || r.New == "" {
			t.Errorf("%s: from %s to %s, and the token has %s", r.Algorithm, r.Old, r.New, kidOf(t, old[r.Algorithm]))
		}
		if got := kidOf(t, sign(t, server, r.Algorithm, TypeAccessToken)); got != r.New || !slices.Contains(kids(server), r.New) {
			t.Errorf("%s: signed by %s, want %s, and that published", r.Algorithm, got, r.New)
		}
	}
	if _, err := server.Verify(old[ES256], TypeAccessToken); err != nil || len(kids(server)) != 4 {
		t.Errorf("a token from before the rotation: %v; published: %v", err, kids(server))
	}
	if server.Unsettled() {
		t.Error("settled while a request may still be signing with the old key")
	}
	clock.move(settleAfter + time.Millisecond)
	if !server.Unsettled() {
		t.Fatal("the retired keys wait for nothing")
	}
	if err := server.Settle(t.Context(), clock.now().Add(15*time.Minute)); err != nil {
		t.Fatal(err)
	}
	clock.move(15*time.Minute - time.Millisecond)
	if _, err := server.Verify(old[RS256], TypeJWT); err != nil || len(kids(server)) != 4 || server.Unsettled() {
		t.Errorf("before its last token has expired: %v, published %v", err, kids(server))
	}
	clock.move(time.Millisecond)
	if _, err := server.Verify(old[RS256], TypeJWT); err == nil || len(kids(server)) != 2 {
		t.Errorf("after it: %v, published %v", err, kids(server))
	}
}

// A clock that is set right, by whatever and however often, leaves the key that
// signs where it is, and one that was rotated out never signs again.
func TestAClockThatIsSetRight(t *testing.T) {
	clock := &hands{at: noon}
	c := config(openFile(t, filepath.Join(t.TempDir(), "keys.db")), noon)
	c.Now = clock.now
	server, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	signs := map[string]string{}
	for _, alg := range algorithms {
		signs[alg] = kidOf(t, sign(t, server, alg, TypeAccessToken))
	}
	for _, moved := range []time.Duration{-30 * time.Second, -time.Hour, 48 * time.Hour, -10 * 365 * 24 * time.Hour} {
		clock.move(moved)
		restarted, err := Open(t.Context(), c)
		if err != nil {
			t.Fatalf("a start after %v: %v", moved, err)
		}
		for alg, kid := range signs {
			for _, r := range []*Ring{server, restarted} {
				looking(t, r)
				token := sign(t, r, alg, TypeAccessToken)
				if _, err := r.Verify(token, TypeAccessToken); err != nil || kidOf(t, token) != kid || len(kids(r)) != len(signs) {
					t.Errorf("%s, after %v: signed by %s, want %s; verified: %v", alg, moved, kidOf(t, token), kid, err)
				}
			}
		}
	}
	rotated, err := Rotate(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, moved := range []time.Duration{-time.Hour, 2 * time.Hour, -365 * 24 * time.Hour} {
		clock.move(moved)
		looking(t, server)
		for _, r := range rotated {
			if got := kidOf(t, sign(t, server, r.Algorithm, TypeAccessToken)); got != r.New || r.Old != signs[r.Algorithm] {
				t.Errorf("%s, %v after the rotation: signed by %s, want %s", r.Algorithm, moved, got, r.New)
			}
		}
	}
}

// Two rotations one after the other leave one key that signs, and lose none
// that has signed.
func TestTwoRotations(t *testing.T) {
	clock := &hands{at: noon}
	c := config(openFile(t, filepath.Join(t.TempDir(), "keys.db")), noon)
	c.Now = clock.now
	server, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	first := sign(t, server, ES256, TypeAccessToken)
	var last []Rotated
	for range 2 {
		if last, err = Rotate(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		looking(t, server)
		sign(t, server, ES256, TypeAccessToken) // somebody signs at every moment
		clock.move(100 * time.Millisecond)
	}
	clock.move(time.Second)
	if got := kidOf(t, sign(t, server, ES256, TypeAccessToken)); got != last[0].New {
		t.Errorf("signed by %s, want %s", got, last[0].New)
	}
	if _, err := server.Verify(first, TypeAccessToken); err != nil {
		t.Errorf("a token from before both: %v", err)
	}
}
