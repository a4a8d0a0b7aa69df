package people

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
)

// Limits of a browser session (OWASP ASVS 7.3.1 and 7.3.2).
const (
	SessionIdle = 12 * time.Hour     // without a request
	SessionLife = 7 * 24 * time.Hour // however busy
	seenEvery   = time.Minute        // precision of "last seen", so that not every request writes
	maxAgent    = 512                // bytes kept of a User-Agent
	passwordAMR = "pwd"              // RFC 8176
)

// Session is one person signed in to one browser.
type Session struct {
	ID         string // public: the "sid" of ID tokens; it gives no access
	Number     int64  // its place in the order of all sign-ins
	PersonID   string
	AuthTime   time.Time // when the password was entered
	CreatedAt  time.Time
	LastSeenAt time.Time // up to a minute late
	ExpiresAt  time.Time // the absolute end
	UserAgent  string
	AMR        []string // RFC 8176
}

// StartSession signs a person in to a browser. who is what Authenticate has
// just returned. It returns the secret for the cookie, which is not stored
// anywhere. The browser's previous session, named by its secret (or ""), ends
// in the same transaction. Errors: ErrNoPerson for an unknown or disabled
// person; ErrWrongCredentials if the password was changed after it was
// checked.
func (p *People) StartSession(ctx context.Context, who Person, userAgent, oldSecret string) (secret string, s Session, err error) {
	// OWASP ASVS 7.2.3: at least 128 bits from a CSPRNG, without any content.
	secret = random(32)
	now := p.now().UTC().Truncate(time.Millisecond)
	s = Session{
		ID: random(16), PersonID: who.ID, AuthTime: now, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(SessionLife),
		UserAgent: strings.ToValidUTF8(userAgent[:min(len(userAgent), maxAgent)], ""), AMR: []string{passwordAMR},
	}
	err = p.writer.Write(ctx, func(tx *sql.Tx) error {
		// OWASP ASVS 7.2.4: a session id from before the login is never kept.
		// Otherwise an attacker who planted it in the browser would be signed
		// in too.
		if _, err := tx.Exec(`DELETE FROM sessions WHERE secret_hash = ?`, ledger.Hash(oldSecret)); err != nil {
			return err
		}
		if err := tx.QueryRow(`UPDATE sign_ins SET last = last + 1 RETURNING last`).Scan(&s.Number); err != nil {
			return err
		}
		// OWASP ASVS 7.4.3: this statement decides whether the password was
		// changed first. A password change ends the sessions that exist, and
		// this one does not exist yet.
		done, err := tx.Exec(`INSERT INTO sessions (id, number, secret_hash, person_id, auth_time, created_at, last_seen_at, expires_at, user_agent, amr)
			SELECT ?, ?, ?, id, ?, ?, ?, ?, ?, ? FROM people WHERE id = ? AND disabled_at IS NULL AND password_generation = ?`,
			s.ID, s.Number, ledger.Hash(secret), now.UnixMilli(), now.UnixMilli(), now.UnixMilli(), s.ExpiresAt.UnixMilli(), s.UserAgent, strings.Join(s.AMR, " "), who.ID, who.Generation)
		return stillCurrent(tx, who.ID, done, err)
	}, p.wrote(ctx, "insert", "sessions", "browser session", s.ID))
	if err != nil {
		return "", Session{}, err
	}
	return secret, s, nil
}

// SignIns is how many sign-ins there have been: later ones have a greater
// Number. So the order of a request and a sign-in is known even if the clock
// was set back in between. Errors: those of the file.
func (p *People) SignIns(ctx context.Context) (n int64, err error) {
	if err := p.read.QueryRowContext(ctx, `SELECT last FROM sign_ins`).Scan(&n); err != nil {
		return 0, readError{err}
	}
	return n, nil
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails; it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// Session returns the session of a cookie and its person, and records that it
// was seen. Errors: ErrNoSession.
func (p *People) Session(ctx context.Context, secret string) (Session, Person, error) {
	s, person, err := p.loadSession(ctx, secret)
	if err == nil || errors.Is(err, ErrNoSession) { // otherwise the file failed, which says nothing about the cookie
		p.ledger.Check(ctx, rules.SessionKnown, err == nil, "a session that was started and not ended", ledger.Fingerprint("session cookie", secret))
	}
	if err != nil {
		return Session{}, Person{}, err
	}
	now := p.now()
	alive := now.Before(s.ExpiresAt) && now.Before(s.LastSeenAt.Add(SessionIdle))
	if !p.ledger.Check(ctx, rules.SessionFresh, alive, "seen within 12 hours and begun within 7 days", "session "+s.ID+" seen "+now.Sub(s.LastSeenAt).Round(time.Second).String()+" ago") {
		// It is deleted now, so that it does not become valid again if the
		// clock is set back.
		if err := p.EndSession(ctx, s.ID); err != nil {
			return Session{}, Person{}, err
		}
		return Session{}, Person{}, ErrNoSession
	}
	p.seen(ctx, &s, now)
	return s, person, nil
}

func (p *People) loadSession(ctx context.Context, secret string) (Session, Person, error) {
	if secret == "" {
		return Session{}, Person{}, ErrNoSession
	}
	row := p.read.QueryRowContext(ctx, `SELECT s.id, s.number, s.person_id, s.auth_time, s.created_at, s.last_seen_at, s.expires_at, s.user_agent, s.amr, `+personColumns+`
		FROM sessions AS s JOIN people AS p ON p.id = s.person_id WHERE s.secret_hash = ? AND p.disabled_at IS NULL`, ledger.Hash(secret))
	var s Session
	var auth, created, seen, expires int64
	var amr string
	person, err := scanPerson(row, &s.ID, &s.Number, &s.PersonID, &auth, &created, &seen, &expires, &s.UserAgent, &amr)
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, Person{}, ErrNoSession
	}
	if err != nil {
		return Session{}, Person{}, readError{err}
	}
	s.AuthTime, s.CreatedAt, s.LastSeenAt, s.ExpiresAt = moment(auth), moment(created), moment(seen), moment(expires)
	s.AMR = strings.Fields(amr)
	return s, person, nil
}

func moment(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }

// seen moves the idle limit. If that cannot be written, the request is not
// refused: the session is valid and only seems idle for a little longer. A
// "last seen" in the future comes from before the clock was set back; from now
// on the session has the limits that it would have had.
func (p *People) seen(ctx context.Context, s *Session, now time.Time) {
	if now.Sub(s.LastSeenAt).Abs() < seenEvery {
		return
	}
	id, at, ends := s.ID, now.UnixMilli(), now.Add(SessionLife).UnixMilli()
	err := p.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE sessions SET last_seen_at = ?, expires_at = min(expires_at, ?) WHERE id = ?`, at, ends, id)
		return err
	}, p.wrote(ctx, "update", "sessions", "last seen", id))
	if err != nil {
		p.log.WarnContext(ctx, "a browser session could not be marked as seen", "session", id, "err", err)
		return
	}
	s.LastSeenAt = moment(at)
}

// EndSession ends one session, named by its public id. It is not an error if
// it has already ended.
func (p *People) EndSession(ctx context.Context, sid string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM sessions WHERE id = ?`, sid)
		return err
	}, p.wrote(ctx, "delete", "sessions", "browser session", sid))
}

// EndSessions ends all sessions of a person, in every browser.
func (p *People) EndSessions(ctx context.Context, personID string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM sessions WHERE person_id = ?`, personID)
		return err
	}, p.wrote(ctx, "delete", "sessions", "all of a person", personID))
}

// EndAllSessions signs everyone out, in every browser.
func (p *People) EndAllSessions(ctx context.Context) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM sessions`)
		return err
	}, p.wrote(ctx, "delete", "sessions", "all", ""))
}
