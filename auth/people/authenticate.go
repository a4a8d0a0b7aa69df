package people

import (
	"context"
	"database/sql"
	"errors"

	"github.com/alexedwards/argon2id"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/mailbox"
)

// Authenticate checks an e-mail address and a password that came from source,
// an IP address. It must not run in a unit of writes: the attempt is counted
// before the password is looked at.
//
// Errors: ErrWrongCredentials, *ThrottledError; *BusyError, or the context's,
// while waiting for a place to hash in.
func (p *People) Authenticate(ctx context.Context, email, password, source string) (Person, error) {
	b := bucketsOf(email, source)
	busy, err := p.peek(ctx, b)
	if err == nil && busy {
		err = p.sleep(ctx, slowdown)
	}
	if err != nil {
		p.reportThrottle(ctx, b, err)
		return Person{}, err
	}
	// The place comes before the reservation, so at most maxHashes attempts
	// are counted but undecided. So many people who sign in at once from one
	// office do not throttle each other.
	release, err := p.queue.enter(ctx, party{b.account, b.source})
	p.reportPlace(ctx, err)
	if err != nil {
		return Person{}, err
	}
	defer release()
	err = p.reserve(ctx, b)
	p.reportThrottle(ctx, b, err)
	if err != nil {
		return Person{}, err
	}
	return p.attempt(ctx, b, email, password)
}

// reportPlace reports whether there was a place to hash in. If the caller has
// left, it reports nothing.
func (p *People) reportPlace(ctx context.Context, err error) {
	got := "a place"
	var crowd *BusyError
	if errors.As(err, &crowd) {
		got = "none; try again in " + crowd.RetryAfter.String()
	} else if err != nil {
		return
	}
	p.ledger.Check(ctx, rules.HashingPlace, crowd == nil, "a place within "+maxWait.String(), got)
}

// reportThrottle reports the verdict that err means. If the file failed or the
// caller left, there is no verdict.
func (p *People) reportThrottle(ctx context.Context, b buckets, err error) {
	got := "let through"
	var t *ThrottledError
	if errors.As(err, &t) {
		got = "has to wait " + t.RetryAfter.String()
	} else if err != nil {
		return
	}
	p.ledger.Check(ctx, rules.Attempts, t == nil, "few failures for this account and source", "account and source "+ledger.Short(b.pair)+" "+got)
}

// attempt checks a reserved attempt. The caller holds a place to hash in.
func (p *People) attempt(ctx context.Context, b buckets, email, password string) (Person, error) {
	person, hash, err := p.account(ctx, email)
	if err != nil {
		return Person{}, err
	}
	known := person.ID != ""
	if !known {
		hash = dummyHash
	}
	// A password that nobody can have is refused with the same work and the
	// same error.
	if len(password) > MaxPassword {
		known, password = false, ""
	}
	ok, made, err := p.verify(password, hash)
	if err != nil {
		return Person{}, err
	}
	if !p.ledger.Check(ctx, rules.Password, ok && known, "the password of an active person", "account and source "+ledger.Short(b.pair)) {
		return Person{}, ErrWrongCredentials
	}
	return person, p.succeeded(ctx, b, person.ID, password, hash, made)
}

// account returns the person with that address, or a Person without ID if
// there is none. A disabled person has no address and is not found.
func (p *People) account(ctx context.Context, email string) (Person, string, error) {
	var hash string
	person, err := scanPerson(p.read.QueryRowContext(ctx, `SELECT p.password_hash, `+personColumns+` FROM people AS p WHERE p.email_key = ?`, mailbox.Key(email)), &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, "", nil
	}
	if err != nil {
		return Person{}, "", readError{err}
	}
	return person, hash, nil
}

// succeeded takes the reservation back. It renews a hash that was made with
// less work than today's parameters.
func (p *People) succeeded(ctx context.Context, b buckets, id, password, hash string, made *argon2id.Params) error {
	renewed := ""
	if weaker(made) {
		var err error
		if renewed, err = argon2id.CreateHash(password, strength); err != nil {
			return err
		}
	}
	after := []func(){p.wrote(ctx, "delete", "login_attempts", "failures of account and source", ledger.Short(b.pair))}
	if renewed != "" {
		after = append(after, p.wrote(ctx, "update", "people", "password hash", id))
	}
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		if renewed != "" {
			// Only replaces the hash that was checked: the password may have
			// been changed since.
			if _, err := tx.Exec(`UPDATE people SET password_hash = ? WHERE id = ? AND password_hash = ?`, renewed, id, hash); err != nil {
				return err
			}
		}
		return forgive(tx, b)
	}, after...)
}
