package people

import (
	"context"
	"database/sql"
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

// What a password may be: any bytes, compared exactly, never trimmed, cut or
// normalised (OWASP ASVS 6.2.8).
const (
	MinPassword = 8    // characters, for one that is chosen at run time
	MaxPassword = 1024 // bytes; hashing more would be work that anybody can order
)

// strength is OWASP ASVS appendix C: argon2id with at least 19 MiB, 2 passes,
// 1 lane. Raising it here rehashes each password when it next signs in.
var strength = &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// maxHashes at once: each holds 19 MiB, so 200 parallel logins would
// otherwise need 3.7 GiB.
const maxHashes = 2

// dummyHash is of a random password that nobody kept, made with strength. It
// is checked where there is nobody to check, so that an unknown address takes
// as long as a known one (OWASP ASVS 6.3.8).
const dummyHash = "$argon2id$v=19$m=19456,t=2,p=1$xrF8Y2eFp+VuRqHHH987HQ$bX9uSiovuQImfiJ7AJh7zVXD4gN4PI2mwBKYxQJApo4"

// slot waits for one of the places to hash in.
func (p *People) slot(ctx context.Context) (release func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to hash a password: %w", context.Cause(ctx))
	}
}

// hash makes a new hash, in a slot of its own.
func (p *People) hash(ctx context.Context, password string) (string, error) {
	release, err := p.slot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(password, strength)
}

// matches checks a password against a hash, in a slot of its own.
func (p *People) matches(ctx context.Context, password, hash string) (bool, error) {
	release, err := p.slot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	ok, _, err := p.verify(password, hash)
	return ok, err
}

// weaker says whether a hash was made with less than strength.
func weaker(made *argon2id.Params) bool {
	return made.Memory < strength.Memory || made.Iterations < strength.Iterations || made.Parallelism < strength.Parallelism ||
		made.SaltLength < strength.SaltLength || made.KeyLength < strength.KeyLength
}

// SetPassword changes a person's password and ends all their browser sessions:
// whoever knew the old one is out (OWASP ASVS 7.4.3). The caller revokes the
// tokens. Errors: ErrPasswordLength, ErrNoPerson.
func (p *People) SetPassword(ctx context.Context, personID, password string) error {
	if utf8.RuneCountInString(password) < MinPassword || len(password) > MaxPassword {
		return ErrPasswordLength
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return err
	}
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE people SET password_hash = ? WHERE id = ? AND disabled_at IS NULL`, hash, personID)
		if err := mustChange(done, err, ErrNoPerson); err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM sessions WHERE person_id = ?`, personID)
		return err
	}, p.wrote(ctx, "update", "people", "password", personID), p.wrote(ctx, "delete", "sessions", "all of a person", personID))
}

// mustChange returns otherwise where a statement has changed no row.
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
