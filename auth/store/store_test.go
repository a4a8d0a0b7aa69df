package store

import (
	"context"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// session is a grant's session with all that the store may ask of one.
type session struct {
	Subject string
	SID     string
	Expires map[fosite.TokenType]time.Time
	Scopes  []string `json:"-"`
}

func newSession() fosite.Session { return &session{} }

func (s *session) SetExpiresAt(k fosite.TokenType, at time.Time) {
	if s.Expires == nil {
		s.Expires = map[fosite.TokenType]time.Time{}
	}
	s.Expires[k] = at
}
func (s *session) GetExpiresAt(k fosite.TokenType) time.Time { return s.Expires[k] }
func (s *session) GetUsername() string                       { return "" }
func (s *session) GetSubject() string                        { return s.Subject }
func (s *session) SessionID() string                         { return s.SID }
func (s *session) AccessScopes() []string                    { return s.Scopes }
func (s *session) Clone() fosite.Session {
	c := *s
	c.Expires = nil
	for k, at := range s.Expires {
		c.SetExpiresAt(k, at)
	}
	return &c
}

// clock is the tests' time; it moves only when told to.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// records keeps the records that a store reports.
type records struct {
	mu      sync.Mutex
	entries []map[string]string
}

func (l *records) Enabled(context.Context, slog.Level) bool { return true }
func (l *records) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *records) WithGroup(string) slog.Handler            { return l }
func (l *records) Handle(_ context.Context, r slog.Record) error {
	entry := map[string]string{"msg": r.Message, "level": r.Level.String()}
	r.Attrs(func(a slog.Attr) bool { entry[a.Key] = a.Value.String(); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry)
	return nil
}

// count returns how many records have all these pairs of key and value.
func (l *records) count(pairs ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.entries {
		ok := true
		for i := 0; i < len(pairs); i += 2 {
			ok = ok && r[pairs[i]] == pairs[i+1]
		}
		if ok {
			n++
		}
	}
	return n
}

// fixture is a Store on a real file that knows the clients app and other.
type fixture struct {
	*Store
	path  string
	file  *sqlite.File
	clock *clock
	log   *records
}

var clients = []Client{
	{ID: "app", Name: "App", Kind: "browser", Grants: []string{"authorization_code", "refresh_token"}, Scopes: []string{"openid", "read", "write", "offline_access"},
		RedirectURIs: []string{"https://app.example/callback"}, AuthMethods: []string{"none"}},
	{ID: "other", Name: "Other", Kind: "machine", Grants: []string{"client_credentials"}, Scopes: []string{"openid", "read", "write", "offline_access"}, SecretHash: HashSecret("a secret of another client")},
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{path: filepath.Join(t.TempDir(), "test.db"), clock: newClock(), log: &records{}}
	f.reopen(t)
	if _, err := f.ApplyClients(context.Background(), clients); err != nil {
		t.Fatal(err)
	}
	return f
}

// Begin starts a unit whose commit a test wants to see by itself.
func (f *fixture) Begin(ctx context.Context) context.Context { return f.file.Begin(ctx) }

// reopen stops the store, if there is one, and starts another on the file.
func (f *fixture) reopen(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	if f.file != nil {
		if err := f.file.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	file, err := sqlite.Open(ctx, f.path, sqlite.Options{Migrations: []sqlite.MigrationSet{{Name: "auth_store", FS: Migrations}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close(ctx) })
	if err := file.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	f.file = file
	f.Store = New(Config{Writer: file, Read: file.Read(), Session: newSession, Base: "https://id.example", Now: f.clock.now, Log: slog.New(f.log)})
}

// without makes client id vanish from the declaration.
func (f *fixture) without(t *testing.T, id string) {
	t.Helper()
	rest := slices.DeleteFunc(slices.Clone(clients), func(c Client) bool { return c.ID == id })
	if _, err := f.ApplyClients(t.Context(), rest); err != nil {
		t.Fatal(err)
	}
}

// request is a grant that ada gave to app in session s1, whose code lives for
// a minute, access token for 15 and refresh token for an hour.
func (c *clock) request(id string) *fosite.Request {
	s := &session{Subject: "ada", SID: "s1"}
	s.SetExpiresAt(fosite.AuthorizeCode, c.now().Add(time.Minute))
	s.SetExpiresAt(fosite.AccessToken, c.now().Add(15*time.Minute))
	s.SetExpiresAt(fosite.RefreshToken, c.now().Add(time.Hour))
	return &fosite.Request{
		ID: id, RequestedAt: c.now().Add(-time.Second), Client: &Client{ID: "app"}, Session: s,
		RequestedScope: fosite.Arguments{"read", "write", "offline_access"}, GrantedScope: fosite.Arguments{"read", "offline_access"},
		RequestedAudience: fosite.Arguments{"https://id.example/api", "a b"}, GrantedAudience: fosite.Arguments{"https://id.example/api"},
		Form: url.Values{"redirect_uri": {"https://app.example/callback?a=1&b=2"}, "code_challenge": {"xyz"}},
	}
}
