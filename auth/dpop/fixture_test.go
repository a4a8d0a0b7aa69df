package dpop

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/go-jose/go-jose/v3/jwt"
	_ "modernc.org/sqlite"

	"github.com/exampleco/punchcard/auth/ledger"
)

const base, path = "https://as.example", "/oauth/token"

var slogDiscard = slog.New(slog.DiscardHandler)

// world is a checker on a real file, and a clock that stands still.
type world struct {
	*Checker
	t    testing.TB
	time time.Time
	db   *sql.DB
	said *strings.Builder
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "t.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	schema, err := fs.ReadFile(Migrations, "migrations/00001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(schema)); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, time: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), said: &strings.Builder{}}
	w.Checker = New(Config{
		Base: base, Writer: &file{db: db}, Now: func() time.Time { return w.time },
		Log: slog.New(slog.NewTextHandler(w.said, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return w
}

// file is the smallest Writer that keeps the contract.
type file struct {
	db *sql.DB
	mu sync.Mutex
}

func (f *file) Write(_ context.Context, fn func(*sql.Tx) error, after ...func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	tx, err := f.db.Begin()
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	for _, done := range after {
		done()
	}
	return nil
}

// device is a client with a key. It makes proofs with a library that this
// server does not use for them.
type device struct {
	private crypto.Signer
	alg     jose.SignatureAlgorithm
	made    int
}

func newDevice(t testing.TB, alg string) *device {
	t.Helper()
	var err error
	d := &device{alg: jose.SignatureAlgorithm(alg)}
	switch alg {
	case "ES256":
		d.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		d.private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA":
		_, d.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		d.private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *device) jwk() jose.JSONWebKey { return jose.JSONWebKey{Key: d.private.Public()} }

func (d *device) jkt(t testing.TB) string {
	t.Helper()
	public := d.jwk()
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// claims are those of a good proof for the token endpoint.
func (d *device) claims(at time.Time) map[string]any {
	d.made++
	return map[string]any{"jti": fmt.Sprint("jti-", d.made), "htm": "POST", "htu": base + path, "iat": at.Unix()}
}

// sign makes a proof; typ and key as they shall stand in its header.
func (d *device) sign(t testing.TB, claims map[string]any, typ string, key any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: d.alg, Key: d.private},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("jwk", key))
	if err != nil {
		t.Fatal(err)
	}
	out, err := jwt.Signed(signer).Claims(claims).CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *device) proof(t testing.TB, claims map[string]any) string {
	t.Helper()
	return d.sign(t, claims, "dpop+jwt", d.jwk())
}

// request is a token request with these proofs.
func request(proofs ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, base+path, nil)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	return r
}

func (w *world) good(what string, d *device, proof string) {
	w.t.Helper()
	jkt, err := w.Check(w.t.Context(), request(proof), "")
	if err != nil || jkt != d.jkt(w.t) {
		w.t.Errorf("%s: %q %v, want the key %s", what, jkt, err, d.jkt(w.t))
	}
}

// refused says how the request was refused, and that the ledger tells why.
func (w *world) refused(what string, r *http.Request, token, code string, rule ledger.Rule) {
	w.t.Helper()
	w.said.Reset()
	jkt, err := w.Check(w.t.Context(), r, token)
	var e *Error
	if !errors.As(err, &e) || e.Code != code || jkt != "" || e.Reason == "" || (e.Nonce != "") != (code == UseNonce) {
		w.t.Errorf("%s: %q %v, want %s", what, jkt, err, code)
	}
	if !strings.Contains(w.said.String(), "rule="+rule.ID+" verdict=fail") {
		w.t.Errorf("%s: the ledger has no refusal by %q:\n%s", what, rule.ID, w.said)
	}
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
