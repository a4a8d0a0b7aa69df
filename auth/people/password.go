package people

import (
	"context"
	"database/sql"
	"errors"

	"github.com/alexedwards/argon2id"

	"github.com/exampleco/punchcard/auth/ledger"
)

// A password may be any bytes. It is compared exactly, and never trimmed, cut
// or normalised (OWASP ASVS 6.2.8).
const (
	MinPassword = 8    // characters, for one that is chosen at run time; see CheckPassword
	MaxPassword = 1024 // bytes; hashing more would let any sender use up the server's time
)

// strength is OWASP ASVS appendix C: argon2id with at least 19 MiB, 2 passes,
// 1 lane. If it is raised, each password is rehashed at its next sign-in.
var strength = &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// dummyHash is the hash of a random password that was thrown away, made with
// strength. It is checked if no account has the address, so that an unknown
// address takes as long as a known one (OWASP ASVS 6.3.8).
const dummyHash = "$argon2id$v=19$m=19456,t=2,p=1$xrF8Y2eFp+VuRqHHH987HQ$bX9uSiovuQImfiJ7AJh7zVXD4gN4PI2mwBKYxQJApo4"

// hash makes a new hash. It waits for a place to hash in.
func (p *People) hash(ctx context.Context, who party, password string) (string, error) {
	release, err := p.queue.enter(ctx, who)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(password, strength)
}

// matches checks a password against a hash. It waits for a place to hash in.
// Only the server itself uses it; a person's attempt must be counted as well.
func (p *People) matches(ctx context.Context, password, hash string) (bool, error) {
	release, err := p.queue.enter(ctx, party{})
	if err != nil {
		return false, err
	}
	defer release()
	ok, _, err := p.verify(password, hash)
	return ok, err
}

// weaker reports whether a hash was made with less than strength.
func weaker(made *argon2id.Params) bool {
	return made.Memory < strength.Memory || made.Iterations < strength.Iterations || made.Parallelism < strength.Parallelism ||
		made.SaltLength < strength.SaltLength || made.KeyLength < strength.KeyLength
}

// SetPassword gives a person another password. who is what Authenticate has
// just returned for the present one. All their browser sessions end except the
// one with the public id keep ("" for none), so anyone who knew the old
// password is signed out (OWASP ASVS 7.4.3). That session continues under a
// new secret, which is returned, so a copy of its old cookie is useless. The
// caller revokes the tokens, in the same unit of writes. Errors: those of
// CheckPassword, ErrNoPerson, *BusyError; ErrWrongCredentials if the password
// was changed after it was checked; ErrNoSession if keep has ended.
func (p *People) SetPassword(ctx context.Context, who Person, password, keep string) (secret string, err error) {
	if err := CheckPassword(password, who); err != nil {
		return "", err
	}
	hash, err := p.hash(ctx, party{account: who.ID}, password)
	if err != nil {
		return "", err
	}
	secret = random(32)
	now := p.now().UnixMilli()
	return secret, p.writer.Write(ctx, func(tx *sql.Tx) error {
		// Of two changes at once one wins: the other's current password is no
		// longer current.
		done, err := tx.Exec(`UPDATE people SET password_hash = ?, password_generation = password_generation + 1
			WHERE id = ? AND disabled_at IS NULL AND password_generation = ?`, hash, who.ID, who.Generation)
		if err := stillCurrent(tx, who.ID, done, err); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM sessions WHERE person_id = ? AND id <> ?`, who.ID, keep); err != nil || keep == "" {
			return err
		}
		// OWASP ASVS 7.2.4: a new secret, because the person has just
		// authenticated again.
		done, err = tx.Exec(`UPDATE sessions SET secret_hash = ?, auth_time = ? WHERE id = ? AND person_id = ?`, ledger.Hash(secret), now, keep, who.ID)
		return mustChange(done, err, ErrNoSession)
	}, p.wrote(ctx, "update", "people", "password", who.ID), p.wrote(ctx, "delete", "sessions", "all others of a person", who.ID))
}

// stillCurrent is mustChange for a statement that compares the generation of a
// password. It tells a person who cannot sign in from one whose password has
// changed.
func stillCurrent(tx *sql.Tx, id string, done sql.Result, err error) error {
	if err = mustChange(done, err, ErrNoPerson); !errors.Is(err, ErrNoPerson) {
		return err
	}
	var one int
	if tx.QueryRow(`SELECT 1 FROM people WHERE id = ? AND disabled_at IS NULL`, id).Scan(&one) == nil {
		return ErrWrongCredentials
	}
	return err
}

// mustChange returns otherwise if a statement has changed no row.
func mustChange(done sql.Result, err, otherwise error) error {
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}
