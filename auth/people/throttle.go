package people

import (
	"context"
	"database/sql"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/mailbox"
)

// These limit how many attempts to sign in there may be (OWASP ASVS 6.3.1).
// Three things are counted, so that neither attempts on one account from many
// places nor attempts on many accounts from one place go unnoticed. Nobody can
// lock another person out: what makes a person wait is counted for their own
// network address.
const (
	// An account from one source: some failures are free, then each attempt
	// waits, twice as long each time. The count is forgotten after an hour
	// without attempts. An attacker gains nothing by waiting for that, because
	// it allows fewer guesses than the longest delay does.
	pairFree   = 5
	firstDelay = time.Second
	maxDelay   = 5 * time.Minute
	pairWindow = time.Hour

	// A source over all accounts: refused until the window ends.
	sourceLimit  = 30
	sourceWindow = 10 * time.Minute

	// An account over all sources. It only slows: each attempt is answered
	// late, and each source has one free failure instead of pairFree. The
	// right password still works from anywhere at the first attempt.
	accountLimit  = 100
	accountWindow = 15 * time.Minute
	busyFree      = 1
	slowdown      = time.Second
)

// buckets are the keys under which one attempt is counted.
type buckets struct{ pair, source, account string }

// bucketsOf names an attempt. Only hashes are kept: people type passwords into
// the e-mail field, and where a person tried to sign in from is private.
func bucketsOf(email, source string) buckets {
	account, from := ledger.Hash(mailbox.Key(email)), limit.Network(source)
	return buckets{
		pair:    ledger.Hash("pair " + account + " " + from),
		source:  ledger.Hash("source " + from),
		account: ledger.Hash("account " + account),
	}
}

// tally is one bucket's content.
type tally struct {
	failures    int
	since, last time.Time
}

// within returns the tally, or an empty one after the window that began at
// from. It is also empty if from is in the future because the clock was set
// back.
func (t tally) within(window time.Duration, from, now time.Time) tally {
	if now.Sub(from) >= window || from.Sub(now) >= window {
		return tally{}
	}
	return t
}

// tallies are the three that decide about an attempt.
type tallies struct{ pair, source, account tally }

const readTally = `SELECT failures, since, last_at FROM login_attempts WHERE bucket = ?`

// readTallies reads the buckets as they are at now.
func readTallies(queryRow func(query string, args ...any) *sql.Row, b buckets, now time.Time) (t tallies, err error) {
	for _, one := range []struct {
		key string
		to  *tally
	}{{b.pair, &t.pair}, {b.source, &t.source}, {b.account, &t.account}} {
		var since, last int64
		switch err := queryRow(readTally, one.key).Scan(&one.to.failures, &since, &last); err {
		case nil:
			one.to.since, one.to.last = time.UnixMilli(since), time.UnixMilli(last)
		case sql.ErrNoRows:
		default:
			return t, err
		}
	}
	t.pair = t.pair.within(pairWindow, t.pair.last, now)
	t.source = t.source.within(sourceWindow, t.source.since, now)
	t.account = t.account.within(accountWindow, t.account.since, now)
	return t, nil
}

// busy reports whether an account is tried from many places.
func (t tallies) busy() bool { return t.account.failures >= accountLimit }

// wait is how long the next attempt has to wait; 0 lets it through.
func (t tallies) wait(now time.Time) time.Duration {
	free := pairFree
	if t.busy() {
		free = busyFree
	}
	var wait time.Duration
	if over := t.pair.failures - free; over >= 0 {
		delay := maxDelay
		if over < 16 { // otherwise the shift would overflow in the end
			delay = min(maxDelay, firstDelay<<over)
		}
		wait = min(t.pair.last.Add(delay).Sub(now), delay)
	}
	if t.source.failures >= sourceLimit {
		wait = max(wait, min(t.source.since.Add(sourceWindow).Sub(now), sourceWindow))
	}
	return max(0, wait)
}

// peek reports whether an attempt may be made at all, without waiting for
// anything: a flood is turned away before it queues for a place to hash in.
func (p *People) peek(ctx context.Context, b buckets) (busy bool, err error) {
	now := p.now()
	t, err := readTallies(func(query string, args ...any) *sql.Row { return p.read.QueryRowContext(ctx, query, args...) }, b, now)
	if err != nil {
		return false, readError{err}
	}
	if wait := t.wait(now); wait > 0 {
		return false, &ThrottledError{wait}
	}
	return t.busy(), nil
}

// reserve counts an attempt as failed before it is checked, in one
// transaction, so that parallel guesses cannot all see the same low count. It
// counts before hashing, so the attempt also counts if the process is killed
// during the hash.
func (p *People) reserve(ctx context.Context, b buckets) error {
	now := p.now()
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		t, err := readTallies(tx.QueryRow, b, now)
		if err != nil {
			return err
		}
		if wait := t.wait(now); wait > 0 {
			return &ThrottledError{wait}
		}
		for key, was := range map[string]tally{b.pair: t.pair, b.source: t.source, b.account: t.account} {
			since := was.since
			if was.failures == 0 {
				since = now
			}
			_, err := tx.Exec(`INSERT INTO login_attempts (bucket, failures, since, last_at) VALUES (?, ?, ?, ?)
				ON CONFLICT (bucket) DO UPDATE SET failures = excluded.failures, since = excluded.since, last_at = excluded.last_at`,
				key, was.failures+1, since.UnixMilli(), now.UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// forgive takes a reservation back after the right password. Source and
// account keep their other failures: otherwise an attacker with an account
// could clear the count of their guesses at other accounts.
func forgive(tx *sql.Tx, b buckets) error {
	if _, err := tx.Exec(`DELETE FROM login_attempts WHERE bucket = ?`, b.pair); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE login_attempts SET failures = failures - 1 WHERE bucket IN (?, ?) AND failures > 0`, b.source, b.account)
	return err
}
