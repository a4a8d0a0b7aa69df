package people

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/exampleco/punchcard/auth/mailbox"
)

// Role gives permissions to the people who have it.
type Role struct {
	ID, Name    string
	Permissions []string
}

// Declared is a person as a configuration describes them.
type Declared struct {
	ID, Email, Name string
	Password        string   // in clear
	Roles           []string // ids of roles
	ReportsTo       string   // id of a person, "" for nobody
	ShowOnLogin     bool
}

// Apply brings the room up to date with a valid configuration, in one
// transaction. A person who was declared by an earlier configuration but not
// by this one is disabled. A password that was changed at run time stays until
// the declared one changes. public says that the passwords are public anyway,
// which saves a slow comparison at every start.
//
// It returns the ids of the people whose tokens must be revoked: the newly
// disabled, and those whose password the configuration has changed. Their
// sessions have already ended. The result is known before the write, so both
// can be done in one unit of writes.
func (p *People) Apply(ctx context.Context, roles []Role, declared []Declared, public bool) (revoke []string, err error) {
	now, err := p.stored(ctx)
	if err != nil {
		return nil, err
	}
	next, err := p.credentials(ctx, declared, public, now)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(declared))
	for i, d := range declared {
		ids[i] = d.ID
	}
	for _, old := range now.people {
		if i := slices.Index(ids, old.id); i < 0 && !old.disabled || i >= 0 && next.hashes[i] != "" {
			revoke = append(revoke, old.id)
		}
	}
	at := p.now().UnixMilli()
	after := []func(){p.DropCache}
	for _, id := range revoke {
		after = append(after, p.wrote(ctx, "delete", "sessions", "all of a person", id))
	}
	after = append(after, p.wrote(ctx, "upsert", "people", "declared people", strings.Join(ids, " ")))
	err = p.writer.Write(ctx, func(tx *sql.Tx) error {
		if err := writeRoles(tx, roles); err != nil {
			return err
		}
		if err := writePeople(tx, declared, next.hashes); err != nil {
			return err
		}
		if err := disableOthers(tx, ids, at); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM sessions WHERE person_id IN (SELECT value FROM json_each(?))`, list(revoke)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO declaration (id, credentials) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET credentials = excluded.credentials`, next.fingerprint)
		return err
	}, after...)
	return revoke, err
}

// storedPerson is what Apply must know about a person who is already stored.
type storedPerson struct {
	id, declaredHash string
	disabled         bool
}

type storedState struct {
	fingerprint string // of the credentials applied last, "" before the first
	people      []storedPerson
}

func (s storedState) person(id string) (storedPerson, bool) {
	i := slices.IndexFunc(s.people, func(o storedPerson) bool { return o.id == id })
	if i < 0 {
		return storedPerson{}, false
	}
	return s.people[i], true
}

func (p *People) stored(ctx context.Context) (s storedState, err error) {
	err = p.read.QueryRowContext(ctx, `SELECT credentials FROM declaration`).Scan(&s.fingerprint)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, readError{err}
	}
	rows, err := p.read.QueryContext(ctx, `SELECT id, declared_hash, disabled_at IS NOT NULL FROM people ORDER BY position`)
	if err != nil {
		return s, readError{err}
	}
	defer rows.Close()
	for rows.Next() {
		var o storedPerson
		if err := rows.Scan(&o.id, &o.declaredHash, &o.disabled); err != nil {
			return s, readError{err}
		}
		s.people = append(s.people, o)
	}
	if err := rows.Err(); err != nil {
		return s, readError{err}
	}
	return s, nil
}

// credentials has the hash to write for each declared person, or "" if the
// declared password has not changed.
type credentials struct {
	fingerprint string
	hashes      []string
}

// credentials compares the declared passwords with the stored ones. One hash
// over all of them is compared first, because a check for each person would
// make every start slow.
func (p *People) credentials(ctx context.Context, declared []Declared, public bool, now storedState) (credentials, error) {
	next := credentials{hashes: make([]string, len(declared))}
	digest := digestOf(declared)
	same, err := p.sameFingerprint(ctx, digest, public, now.fingerprint)
	if err != nil {
		return next, err
	}
	if next.fingerprint = now.fingerprint; !same {
		next.fingerprint = publicMark + digest
		if !public {
			if next.fingerprint, err = p.hash(ctx, party{}, digest); err != nil {
				return next, err
			}
		}
	}
	var each errgroup.Group
	each.SetLimit(maxHashes)
	for i, d := range declared {
		old, known := now.person(d.ID)
		if known && same {
			continue
		}
		each.Go(func() (err error) {
			next.hashes[i], err = p.newHash(ctx, d, old)
			return err
		})
	}
	return next, each.Wait()
}

// newHash returns the hash to write for a declared password, or "" if old was
// made from the same password.
func (p *People) newHash(ctx context.Context, d Declared, old storedPerson) (string, error) {
	if len(d.Password) == 0 || len(d.Password) > MaxPassword {
		return "", fmt.Errorf("the password declared for %s: %w", d.ID, ErrPasswordLength)
	}
	if old.declaredHash != "" {
		if same, err := p.matches(ctx, d.Password, old.declaredHash); same || err != nil {
			return "", err
		}
	}
	return p.hash(ctx, party{}, d.Password)
}

// publicMark begins a fingerprint that may be inverted, because its passwords
// are printed in the built-in document.
const publicMark = "sha256:"

func (p *People) sameFingerprint(ctx context.Context, digest string, public bool, stored string) (bool, error) {
	if public || stored == "" || strings.HasPrefix(stored, publicMark) {
		return public && stored == publicMark+digest, nil
	}
	return p.matches(ctx, digest, stored)
}

// digestOf returns one hash over all ids and passwords. It includes their
// lengths, so two different lists never give the same input.
func digestOf(declared []Declared) string {
	h := sha256.New()
	for _, d := range declared {
		for _, s := range []string{d.ID, d.Password} {
			fmt.Fprintf(h, "%d:", len(s))
			_, _ = io.WriteString(h, s)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeRoles(tx *sql.Tx, roles []Role) error {
	if _, err := tx.Exec(`DELETE FROM roles`); err != nil {
		return err
	}
	for i, r := range roles {
		if _, err := tx.Exec(`INSERT INTO roles (id, position, name, permissions) VALUES (?, ?, ?, ?)`, r.ID, i, r.Name, list(r.Permissions)); err != nil {
			return err
		}
	}
	return nil
}

func writePeople(tx *sql.Tx, declared []Declared, hashes []string) error {
	// Frees all addresses first: two people may have swapped theirs, and a
	// person who is no longer declared has none.
	if _, err := tx.Exec(`UPDATE people SET email_key = NULL`); err != nil {
		return err
	}
	for i, d := range declared {
		// A hash of '' leaves both as they are: the declared password has not
		// changed, and what was set at run time stays.
		_, err := tx.Exec(`INSERT INTO people (id, position, email, email_key, name, roles, reports_to, show_on_login, password_hash, declared_hash)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
			ON CONFLICT (id) DO UPDATE SET position = ?2, email = ?3, email_key = ?4, name = ?5, roles = ?6, reports_to = ?7, show_on_login = ?8, disabled_at = NULL,
				password_hash = CASE ?9 WHEN '' THEN password_hash ELSE ?9 END, declared_hash = CASE ?9 WHEN '' THEN declared_hash ELSE ?9 END,
				password_generation = password_generation + (?9 <> '')`,
			d.ID, i, d.Email, mailbox.Key(d.Email), d.Name, list(d.Roles), d.ReportsTo, d.ShowOnLogin, hashes[i])
		if err != nil {
			return fmt.Errorf("person %s: %w", d.ID, err)
		}
	}
	return nil
}

// disableOthers keeps the rows, so that an id is never reused for another
// person. writePeople has freed their addresses. Their consents are deleted,
// so a person who comes back is asked again.
func disableOthers(tx *sql.Tx, ids []string, at int64) error {
	_, err := tx.Exec(`UPDATE people SET disabled_at = ? WHERE disabled_at IS NULL AND id NOT IN (SELECT value FROM json_each(?))`, at, list(ids))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM consents WHERE person_id IN (SELECT id FROM people WHERE disabled_at IS NOT NULL)`)
	return err
}

// list is how a list is stored: a JSON array, which SQLite can join.
func list(values []string) string {
	if values == nil {
		return "[]"
	}
	b, _ := json.Marshal(values) // strings always marshal
	return string(b)
}
