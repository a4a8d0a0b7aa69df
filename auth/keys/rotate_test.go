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
	r.looked.Store(0)
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
		// RFC 7517 5: the set is published, so that a key is known before it signs.
		if !slices.Contains(kids(server), r.New) || kidOf(t, sign(t, server, r.Algorithm, TypeAccessToken)) != r.Old {
			t.Errorf("%s: the new key is not published first", r.Algorithm)
		}
	}
	clock.move(time.Second)
	for _, r := range rotated {
		if got := kidOf(t, sign(t, server, r.Algorithm, TypeAccessToken)); got != r.New {
			t.Errorf("%s: signed by %s a second later, want %s", r.Algorithm, got, r.New)
		}
	}
	if _, err := server.Verify(old[ES256], TypeAccessToken); err != nil || len(kids(server)) != 4 {
		t.Errorf("a token from before the rotation: %v; published: %v", err, kids(server))
	}
	if server.Unsettled() {
		t.Error("settled while a request may still be signing with the old key")
	}
	clock.move(settleAfter)
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
