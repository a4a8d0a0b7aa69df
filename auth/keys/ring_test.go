package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/jws"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/go-jose/go-jose/v3"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func openFile(t testing.TB, path string) *sqlite.File {
	t.Helper()
	f, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	if err := f.Migrate(context.Background(), sqlite.MigrationSet{Name: "auth_keys", FS: Migrations}); err != nil {
		t.Fatal(err)
	}
	return f
}

func config(f *sqlite.File, now time.Time) Config {
	return Config{Writer: f, Read: f.Read(), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
}

func openRing(t testing.TB, f *sqlite.File, now time.Time) *Ring {
	t.Helper()
	r, err := Open(context.Background(), config(f, now))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ring is one for all tests that do not look at its storage: RSA keys are slow to make.
var ring = sync.OnceValue(func() *Ring {
	var stored []key
	for _, alg := range algorithms {
		private, err := generate(alg)
		if err != nil {
			panic(err)
		}
		kid, err := thumbprint(private)
		if err != nil {
			panic(err)
		}
		stored = append(stored, key{kid: kid, alg: alg, private: private})
	}
	r := &Ring{config: Config{Now: func() time.Time { return noon }}}
	if err := r.take(stored); err != nil {
		panic(err)
	}
	return r
})

func sign(t testing.TB, r *Ring, alg, typ string) string {
	t.Helper()
	token, err := r.Sign(alg, typ, map[string]any{"sub": "usr_ada"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func kidOf(t testing.TB, token string) string {
	t.Helper()
	read, err := jws.Read(token, limits)
	if err != nil {
		t.Fatal(err)
	}
	return read.Header.Kid
}

func TestKeysAreMadeOnceAndOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.db")
	f := openFile(t, path)
	first := openRing(t, f, noon)
	token := sign(t, first, ES256, TypeAccessToken)
	before, _ := json.Marshal(first.JWKS())
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := openRing(t, openFile(t, path), noon.Add(time.Hour))
	after, _ := json.Marshal(again.JWKS())
	if !bytes.Equal(before, after) || len(again.JWKS().Keys) != 2 {
		t.Errorf("the keys changed:\n%s\n%s", before, after)
	}
	if _, err := again.Verify(token, TypeAccessToken); err != nil {
		t.Errorf("a token from before the restart: %v", err)
	}
}

func TestTwoFirstRunsAtOnceAgreeOnTheKeys(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "keys.db"))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := Open(context.Background(), config(f, noon)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int
	if err := f.Read().QueryRow("SELECT count(*) FROM signing_keys").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d keys, %v", n, err)
	}
}

func TestJWKSHasPublicMembersOnly(t *testing.T) {
	text, err := json.Marshal(ring().JWKS())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	allowed := map[string][]string{ // RFC 7518 6.2.1, 6.3.1 and RFC 7517 4
		"EC":  {"alg", "crv", "kid", "kty", "use", "x", "y"},
		"RSA": {"alg", "e", "kid", "kty", "n", "use"},
	}
	kids := map[any]bool{}
	for _, k := range set.Keys {
		members := slices.Sorted(maps.Keys(k))
		if !slices.Equal(members, allowed[k["kty"].(string)]) {
			t.Errorf("a %v key publishes %v", k["kty"], members)
		}
		if k["use"] != "sig" || (k["kty"] == "EC") != (k["alg"] == ES256) || (k["kty"] == "RSA") != (k["alg"] == RS256) {
			t.Errorf("published as %v %v %v", k["kty"], k["alg"], k["use"])
		}
		kids[k["kid"]] = true
	}
	if len(set.Keys) != 2 || len(kids) != 2 {
		t.Errorf("%d keys with %d names", len(set.Keys), len(kids))
	}
}

// RFC 7638 3.1 is the standard's own example.
func TestKidIsTheThumbprint(t *testing.T) {
	const example = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}`
	var published jose.JSONWebKey
	if err := json.Unmarshal([]byte(example), &published); err != nil {
		t.Fatal(err)
	}
	// Only the public half matters: a private key of another's public half stands in.
	got, err := thumbprint(&rsa.PrivateKey{PublicKey: *published.Key.(*rsa.PublicKey)})
	if err != nil || got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("%q, %v", got, err)
	}
	for _, k := range ring().JWKS().Keys {
		sum, _ := k.Thumbprint(crypto.SHA256)
		if k.KeyID != base64.RawURLEncoding.EncodeToString(sum) {
			t.Errorf("%s key is called %s", k.Algorithm, k.KeyID)
		}
	}
}

// A rotation as it will come: a new key signs, the old one stays published
// until its last token has expired.
func TestTheTableCarriesARotation(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "keys.db"))
	before := openRing(t, f, noon)
	old := sign(t, before, ES256, TypeAccessToken)
	oldKid := kidOf(t, old)

	private, _ := generate(ES256)
	der, _ := x509.MarshalPKCS8PrivateKey(private)
	kid, _ := thumbprint(private)
	change, gone := noon.Add(time.Hour), noon.Add(2*time.Hour)
	err := f.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO signing_keys (kid, alg, use, private_key, created_at, signs_from) VALUES (?, 'ES256', 'sig', ?, ?, ?)",
			kid, der, noon.UnixMilli(), change.UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE signing_keys SET retired_at = ?, published_until = ? WHERE kid = ?", change.UnixMilli(), gone.UnixMilli(), oldKid)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at        time.Time
		signs     string
		published int
		oldIsGood bool
	}{
		{noon.Add(-time.Hour), kid, 3, true}, // the clock does not decide which key signs
		{change, kid, 3, true},
		{gone.Add(-time.Millisecond), kid, 3, true},
		{gone, kid, 2, false},
	} {
		r := openRing(t, f, c.at)
		if got := kidOf(t, sign(t, r, ES256, TypeAccessToken)); got != c.signs {
			t.Errorf("at %v %s signs, want %s", c.at, got, c.signs)
		}
		if n := len(r.JWKS().Keys); n != c.published {
			t.Errorf("at %v %d keys are published, want %d", c.at, n, c.published)
		}
		if _, err := r.Verify(old, TypeAccessToken); (err == nil) != c.oldIsGood || (err != nil && !errors.Is(err, ErrUnknownKey)) {
			t.Errorf("at %v the old token: %v", c.at, err)
		}
	}
}

func TestAKeyThatIsNotWhatItsRowSaysIsRefused(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "keys.db"))
	openRing(t, f, noon)
	private, _ := generate(ES256)
	der, _ := x509.MarshalPKCS8PrivateKey(private)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weakDER, _ := x509.MarshalPKCS8PrivateKey(weak)
	for name, row := range map[string]struct {
		alg string
		der []byte
	}{
		"rubbish": {ES256, []byte("rubbish")}, "another key": {ES256, der}, "another algorithm": {RS256, der}, "a short key": {RS256, weakDER},
	} {
		kid := "x"
		if name == "another algorithm" {
			kid, _ = thumbprint(private)
		} else if name == "a short key" {
			kid, _ = thumbprint(weak)
		}
		put := func(statement string, args ...any) {
			err := f.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(statement, args...); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		put("INSERT INTO signing_keys (kid, alg, use, private_key, created_at, signs_from) VALUES (?, ?, 'sig', ?, 0, 0)", kid, row.alg, row.der)
		if _, err := Open(t.Context(), config(f, noon)); err == nil || strings.Contains(err.Error(), "rubbish") {
			t.Errorf("%s: %v", name, err)
		}
		put("DELETE FROM signing_keys WHERE kid = ?", kid)
	}
}

func TestAFileThatCannotBeWrittenIsToldAsSuch(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "keys.db"))
	c := config(f, noon)
	c.Writer = closedWriter(t)
	_, err := Open(t.Context(), c)
	var u interface{ Unavailable() bool }
	if !errors.As(err, &u) || !u.Unavailable() {
		t.Errorf("%v", err)
	}
}

func closedWriter(t *testing.T) Writer {
	f := openFile(t, filepath.Join(t.TempDir(), "closed.db"))
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMakingAKeyIsReportedWithoutTheKey(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "keys.db"))
	var log bytes.Buffer
	c := config(f, noon)
	c.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	text := log.String()
	for _, k := range r.JWKS().Keys {
		if !strings.Contains(text, `"op":"insert","table":"signing_keys","kind":"`+k.Algorithm+` signing key","id":"`+k.KeyID+`"`) {
			t.Errorf("no record of the %s key in %s", k.Algorithm, text)
		}
	}
	if strings.Count(text, "\n") != 2 {
		t.Errorf("more than two records: %s", text)
	}
	if _, ok := r.JWKS().Keys[0].Key.(*ecdsa.PublicKey); !ok {
		t.Errorf("the set holds a %T", r.JWKS().Keys[0].Key)
	}
}
