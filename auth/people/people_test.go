package people

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/exampleco/punchcard/auth/mailbox"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// room is the package on a real file, with a clock that stands until it is
// moved and a log that is kept.
type room struct {
	*People
	t    *testing.T
	file *sqlite.File
	path string
	logs *lockedBuffer

	mu       sync.Mutex
	clock    time.Time
	verified int             // password checks that ran, right or wrong
	slept    []time.Duration // delays of the slowed-down
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func open(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, path: filepath.Join(t.TempDir(), "people.db"), clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), logs: &lockedBuffer{}}
	r.start()
	return r
}

func (r *room) start() {
	r.t.Helper()
	sets := []sqlite.MigrationSet{{Name: "auth_people", FS: Migrations}}
	file, err := sqlite.Open(r.t.Context(), r.path, sqlite.Options{Migrations: sets})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { file.Close(context.Background()) })
	if err := file.Migrate(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.file = file
	r.People = New(Config{Writer: file, Read: file.Read(), Now: r.now, Log: slog.New(slog.NewJSONHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	real := r.verify
	r.verify = func(password, hash string) (bool, *argon2id.Params, error) {
		r.mu.Lock()
		r.verified++
		r.mu.Unlock()
		return real(password, hash)
	}
	r.sleep = func(_ context.Context, d time.Duration) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.slept = append(r.slept, d)
		return nil
	}
}

// restart closes the file and opens it again, as another process would.
func (r *room) restart() {
	r.t.Helper()
	if err := r.file.Close(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.start()
}

func (r *room) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *room) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

// checks returns how many passwords f makes the room check.
func (r *room) checks(f func()) int {
	r.mu.Lock()
	before := r.verified
	r.mu.Unlock()
	f()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.verified - before
}

// hashless makes checks instant where a test is about anything else: the right
// password is "right".
func (r *room) hashless() {
	r.verify = func(password, hash string) (bool, *argon2id.Params, error) {
		r.mu.Lock()
		r.verified++
		r.mu.Unlock()
		return password == "right" && hash != dummyHash, strength, nil
	}
}

var (
	employee = Role{ID: "emp", Name: "employee", Permissions: []string{"read", "create"}}
	manager  = Role{ID: "man", Name: "manager", Permissions: []string{"read", "approve"}}
	ada      = Declared{ID: "usr_ada", Email: "ada@example.com", Name: "Ada Lovelace", Password: "ada's password", Roles: []string{"emp"}, ReportsTo: "usr_grace", ShowOnLogin: true}
	grace    = Declared{ID: "usr_grace", Email: "grace@example.com", Name: "Grace Hopper", Password: "grace's password", Roles: []string{"man", "emp"}}
)

// apply declares people with the two roles and returns whose tokens must go.
func (r *room) apply(public bool, declared ...Declared) []string {
	r.t.Helper()
	revoke, err := r.Apply(r.t.Context(), []Role{employee, manager}, declared, public)
	if err != nil {
		r.t.Fatal(err)
	}
	return revoke
}

// byEmail returns the person who can sign in with this address.
func (r *room) byEmail(email string) (Person, error) {
	return r.one(r.t.Context(), `SELECT `+personColumns+` FROM people AS p WHERE p.email_key = ?`, mailbox.Key(email))
}

func (r *room) person(id string) Person {
	r.t.Helper()
	p, err := r.Person(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *room) signsIn(email, password string) bool {
	r.t.Helper()
	_, err := r.Authenticate(r.t.Context(), email, password, "192.0.2.1")
	if err != nil && !errors.Is(err, ErrWrongCredentials) {
		r.t.Fatal(err)
	}
	return err == nil
}

// whois is who has that id, as they are now; nobody is a Person with that id.
func (r *room) whois(id string) Person {
	r.t.Helper()
	who, err := r.Person(r.t.Context(), id)
	if err != nil && !errors.Is(err, ErrNoPerson) {
		r.t.Fatal(err)
	}
	who.ID = id
	return who
}

func (r *room) setPassword(id, password string) error {
	r.t.Helper()
	_, err := r.SetPassword(r.t.Context(), r.whois(id), password, "")
	return err
}

func (r *room) session(personID string) (secret string, s Session) {
	r.t.Helper()
	secret, s, err := r.StartSession(r.t.Context(), r.whois(personID), "Mozilla/5.0", "")
	if err != nil {
		r.t.Fatal(err)
	}
	return secret, s
}

func (r *room) alive(secret string) bool {
	r.t.Helper()
	_, _, err := r.Session(r.t.Context(), secret)
	if err != nil && !errors.Is(err, ErrNoSession) {
		r.t.Fatal(err)
	}
	return err == nil
}

// query returns one number from the file.
func (r *room) query(query string, args ...any) (n int64) {
	r.t.Helper()
	if err := r.file.Read().QueryRow(query, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// exec changes the file behind the room's back.
func (r *room) exec(statement string, args ...any) {
	r.t.Helper()
	err := r.file.Write(r.t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func unavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

// OWASP ASVS: nothing usable is in the file or in the log. The typed e-mail
// counts as secret too, because people type passwords into that field.
func TestNothingUsableIsStoredOrLogged(t *testing.T) {
	r := open(t)
	r.apply(false, ada, grace)
	secret, _ := r.session(ada.ID)
	r.alive(secret)
	r.signsIn(ada.Email, ada.Password)
	r.signsIn("my-secret-in-the-wrong-field", "wrong-password-typed")
	if err := r.setPassword(grace.ID, "chosen at run time"); err != nil {
		t.Fatal(err)
	}
	if err := r.file.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(r.path)
	if err != nil || !bytes.Contains(file, []byte(ada.Email)) {
		t.Fatalf("the file does not even have the address: %v", err)
	}
	for _, hidden := range []string{ada.Password, grace.Password, "chosen at run time", "my-secret-in-the-wrong-field", "wrong-password-typed", "192.0.2.1", secret} {
		if bytes.Contains(file, []byte(hidden)) {
			t.Errorf("%q is in the file", hidden)
		}
		if strings.Contains(r.logs.String(), hidden) {
			t.Errorf("%q is in the log", hidden)
		}
	}
}

func TestAFileThatIsGoneIsUnavailable(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	if err := r.file.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, person := r.Person(ctx, ada.ID)
	_, list := r.List(ctx)
	_, reports := r.Reports(ctx, ada.ID)
	_, _, session := r.Session(ctx, "some cookie")
	_, _, remembered := r.Remembered(ctx, ada.ID, "app")
	_, authenticate := r.Authenticate(ctx, ada.Email, ada.Password, "192.0.2.1")
	_, apply := r.Apply(ctx, nil, nil, true)
	for name, err := range map[string]error{"Person": person, "List": list, "Reports": reports, "Session": session, "Remembered": remembered, "Authenticate": authenticate, "Apply": apply, "EndSession": r.EndSession(ctx, "x"), "Purge": r.Purge(ctx)} {
		if !unavailable(err) {
			t.Errorf("%s says %v, which nobody can tell from an answer", name, err)
		}
	}
}

// The log reads as a ledger: each verdict and each write is one record.
func TestChecksAreReported(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	r.signsIn(ada.Email, ada.Password)
	r.signsIn(ada.Email, "wrong password")
	secret, _ := r.session(ada.ID)
	r.alive(secret)
	r.alive("nobody's cookie")
	for _, want := range []string{
		`"rule":"password-matches","verdict":"pass"`, `"rule":"password-matches","verdict":"fail"`,
		`"rule":"sign-in-attempts","verdict":"pass"`, `"rule":"password-hashing-place","verdict":"pass"`,
		`"rule":"browser-session-known","verdict":"pass"`, `"rule":"browser-session-known","verdict":"fail"`,
		`"rule":"browser-session-fresh","verdict":"pass"`,
		`"msg":"store","op":"insert","table":"sessions"`,
	} {
		if !strings.Contains(r.logs.String(), want) {
			t.Errorf("no record has %s", want)
		}
	}
}

func ids(people []Person) (ids []string) {
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

var _ Writer = (*sqlite.File)(nil)
