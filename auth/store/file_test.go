package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestRestartKeepsEverything(t *testing.T) {
	f := open(t)
	b := backend{contract: f.Store, clock: f.clock}
	for _, id := range []string{"lives", "used", "revoked"} {
		b.grant(t, id)
	}
	must(t, f.InvalidateAuthorizeCodeSession(t.Context(), "code-used"))
	must(t, f.RevokeFamily(t.Context(), "revoked"))
	f.reopen(t)
	b.contract = f.Store
	b.alive(t, "lives", true)
	b.alive(t, "revoked", false)
	_, err := f.GetAuthorizeCodeSession(t.Context(), "code-used", nil)
	is(t, err, fosite.ErrInvalidatedAuthorizeCode)
	if _, err := f.Client(t.Context(), "app"); err != nil {
		t.Errorf("the client is gone: %v", err)
	}
}

func provesNothingInTheFileOpensAnything(t *testing.T) {
	f := open(t)
	ctx := t.Context()
	secrets := []string{}
	secret := func(what string) string {
		s := "SECRET-" + what + "-4f1d9c"
		secrets = append(secrets, s)
		return s
	}
	r := f.clock.request("r1")
	for _, name := range neverStored {
		r.Form.Set(name, secret(name))
	}
	must(t, f.CreateAuthorizeCodeSession(ctx, secret("code signature"), r))
	must(t, f.CreatePKCERequestSession(ctx, secret("pkce signature"), r))
	must(t, f.CreateOpenIDConnectSession(ctx, secret("whole code"), r))
	must(t, f.CreateAccessTokenSession(ctx, secret("access signature"), r))
	must(t, f.CreateRefreshTokenSession(ctx, secret("refresh signature"), secret("access signature beside it"), r))
	must(t, f.SetClientAssertionJWT(ctx, secret("jti"), f.clock.now()))
	web := Client{ID: "web", SecretHash: HashSecret(secret("client secret"))}
	_, err := f.ApplyClients(ctx, append([]Client{web}, clients...))
	must(t, err)
	if r.Form.Get("code") == "" {
		t.Error("the caller's form was changed")
	}

	files := map[string][]byte{"the ledger": fmt.Append(nil, f.log.entries)}
	for _, name := range []string{f.path, f.path + "-wal"} { // before the log is emptied into the file
		files[name], err = os.ReadFile(name)
		must(t, err)
	}
	must(t, f.file.Close(context.Background()))
	files["the closed file"], err = os.ReadFile(f.path)
	must(t, err)
	if !bytes.Contains(files["the closed file"], []byte(ledger.Hash(secrets[len(neverStored)]))) {
		t.Fatal("the file does not even hold the hash of a code's signature: the scan proves nothing")
	}
	for name, content := range files {
		for _, s := range secrets {
			if bytes.Contains(content, []byte(s)) {
				t.Errorf("%s holds %s", name, s)
			}
		}
	}
}

func TestAFileThatFailsIsUnavailable(t *testing.T) {
	f := open(t)
	b := backend{contract: f.Store, clock: f.clock}
	r := b.grant(t, "r1")
	must(t, f.file.Close(context.Background()))
	ctx := t.Context()
	_, access := f.AccessToken(ctx, "access-r1")
	_, refresh := f.GetRefreshTokenSession(ctx, "refresh-r1", nil)
	_, list := f.Clients(ctx)
	_, client := f.Client(ctx, "other")
	_, purge := f.Purge(ctx)
	for name, err := range map[string]error{
		"AccessToken": access, "GetRefreshTokenSession": refresh, "Clients": list, "Client": client, "Purge": purge,
		"ClientAssertionJWTValid":  f.ClientAssertionJWTValid(ctx, "jti"),
		"RevokeFamily":             f.RevokeFamily(ctx, "r1"),
		"RotateRefreshToken":       f.RotateRefreshToken(ctx, "r1", "refresh-r1"),
		"CreateAccessTokenSession": f.CreateAccessTokenSession(ctx, "later", r),
	} {
		var u interface{ Unavailable() bool }
		if !errors.As(err, &u) || !u.Unavailable() || errors.Is(err, fosite.ErrNotFound) {
			t.Errorf("%s: %v does not say that the file is unavailable", name, err)
		}
	}
}

func TestAReadWhoseCallerLeftIsNotTheFilesFault(t *testing.T) {
	f := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.AccessToken(ctx, "any")
	var u interface{ Unavailable() bool }
	if !errors.Is(err, context.Canceled) || errors.As(err, &u) {
		t.Errorf("error %v, want the context's alone", err)
	}
}

func TestLedger(t *testing.T) {
	f := open(t)
	b := backend{contract: f.Store, clock: f.clock}
	expect := func(n int, pairs ...string) {
		t.Helper()
		if got := f.log.count(pairs...); got != n {
			t.Errorf("%d records of %s, want %d", got, strings.Join(pairs, " "), n)
		}
	}
	b.grant(t, "r1")
	expect(1, "msg", "store", "op", "insert", "table", "codes", "family", "r1", "level", "DEBUG")
	expect(1, "msg", "store", "op", "insert", "table", "refresh_tokens", "family", "r1")

	ctx := f.Begin(t.Context())
	must(t, f.InvalidateAuthorizeCodeSession(ctx, "code-r1"))
	expect(0, "op", "use", "table", "codes") // not yet on disk
	must(t, f.Commit(ctx))
	expect(1, "op", "use", "table", "codes", "id", ledger.Short(ledger.Hash("code-r1")))

	_, _ = f.GetRefreshTokenSession(t.Context(), "refresh-r1", nil)
	expect(1, "msg", "check", "rule", rules.RefreshOnce.ID, "verdict", "pass", "level", "DEBUG")
	ctx = f.Begin(t.Context())
	must(t, f.InvalidateAuthorizeCodeSession(ctx, "code-r1"))
	is(t, f.Commit(ctx), ErrSpent)
	expect(1, "msg", "check", "rule", rules.CodeOnce.ID, "verdict", "fail", "level", "INFO",
		"clause", "RFC 6749 4.1.2", "got", "used before")
	expect(1, "op", "use", "table", "codes") // the loser wrote nothing

	must(t, f.RevokeFamily(t.Context(), "r1"))
	must(t, f.RevokeFamily(t.Context(), "r1"))
	expect(1, "op", "revoke", "table", "families") // the second found it dead, and wrote nothing
	expect(1, "op", "revoke", "table", "families", "id", "r1", "rows", "1")
	must(t, f.RevokeSubject(t.Context(), "ada"))
	expect(1, "op", "revoke", "id", "ada", "rows", "0") // the time of its death stays
	is(t, f.RotateRefreshToken(t.Context(), "r1", "refresh-r1"), ErrSpent)
	expect(1, "rule", rules.RefreshOnce.ID, "verdict", "fail", "got", "family revoked")
	f.clock.advance(72 * time.Hour)
	b.purged(t, 4)
	expect(1, "op", "purge", "rows", "2")
}

func provesPurgeWorksInBatches(t *testing.T) {
	f := open(t)
	ctx := f.Begin(t.Context())
	const families = purgeBatch + 10
	for i := range families {
		r := f.clock.request(fmt.Sprint("r", i))
		must(t, f.CreateAuthorizeCodeSession(ctx, fmt.Sprint("code", i), r))
		must(t, f.CreateAccessTokenSession(ctx, fmt.Sprint("access", i), r))
		must(t, f.CreateRefreshTokenSession(ctx, fmt.Sprint("refresh", i), "", r))
	}
	must(t, f.Commit(ctx))
	f.clock.advance(72 * time.Hour)
	backend{contract: f.Store}.purged(t, 4*families)
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	largest := 0
	for _, r := range f.log.entries {
		if r["op"] == "purge" {
			var n int
			_, err := fmt.Sscan(r["rows"], &n)
			must(t, err)
			largest = max(largest, n)
		}
	}
	if limit := 4 * purgeBatch; largest == 0 || largest > limit { // a batch of families, and the up to three rows that go with each
		t.Errorf("the largest transaction deleted %d rows, the limit is %d", largest, limit)
	}
}
