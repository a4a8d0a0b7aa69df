package timesheets

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
)

// keepAnswers is how long a request can be sent again under its key.
const keepAnswers = 24 * time.Hour

// Retry is exported because huma does not look into embedded types that are not.
type Retry struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[!-~]*$" patternDescription:"visible ASCII characters without spaces" doc:"Makes it safe to send the request again: with the same key and the same content, the first answer is given again for 24 hours, and nothing happens twice. Choose a new random one for each new request."`
}

// Resolve sees what a single value hides: an empty header, or two of them. Who
// sends either counts on being protected and would not be.
func (*Retry) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	values := r.Header.Values("Idempotency-Key")
	if len(values) > 1 || len(values) == 1 && values[0] == "" {
		return []error{&huma.ErrorDetail{Location: "header.Idempotency-Key", Message: "has to be one key of 1 to 255 characters, or left out"}}
	}
	return nil
}

// request is what can be sent again. Only hashes of it are stored.
type request struct {
	key, content [sha256.Size]byte
	now          time.Time
}

var errKeyReused = errors.New("the key was used for another request")

// repeatable returns nil for a request without a key. The content is hashed as
// it was understood: spacing and the order of names make no difference.
func (a *API) repeatable(c Caller, operation string, r Retry, content any) (*request, error) {
	if r.Key == "" {
		return nil, nil
	}
	canonical, err := json.Marshal(content, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("content of %s: %w", operation, err)
	}
	return &request{key: digest(c.Subject, c.ClientID, r.Key), content: digest(operation, string(canonical)), now: a.now()}, nil
}

// digest covers each part with its length, so that no two lists read the same.
func digest(parts ...string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	h.Sum(sum[:0])
	return sum
}

// once gives the answer that the request got before, or else runs do and keeps
// what it returns, in the transaction of do's own writes: neither parallel
// requests nor a crash can leave an entry without its answer. A do that fails
// keeps nothing, so that a mended request can use the same key. after runs once
// do's writes are committed. Errors: errKeyReused, do's, the Writer's.
func once[T any](ctx context.Context, s *store, r *request, do func(tx *sql.Tx) (*T, error), after func()) (answer *T, replayed bool, err error) {
	err = s.w.Write(ctx, func(tx *sql.Tx) error {
		var err error
		if answer, err = answered[T](tx, r); err != nil || answer != nil {
			replayed = true
			return err
		}
		if answer, err = do(tx); err != nil {
			return err
		}
		return remember(tx, r, answer)
	}, func() {
		if !replayed {
			after()
		}
	})
	return answer, replayed, err
}

func answered[T any](tx *sql.Tx, r *request) (*T, error) {
	if r == nil {
		return nil, nil
	}
	var content, text []byte
	err := tx.QueryRow(`SELECT request, answer FROM idempotency_answers WHERE key = ? AND expires_at > ?`,
		r.key[:], r.now.UnixMilli()).Scan(&content, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the kept answer: %w", err)
	}
	if string(content) != string(r.content[:]) {
		return nil, errKeyReused
	}
	answer := new(T)
	return answer, json.Unmarshal(text, answer)
}

func remember(tx *sql.Tx, r *request, answer any) error {
	if r == nil {
		return nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("keep the answer: %w", err)
	}
	// The conflict is with an answer that has expired and waits to be purged.
	_, err = tx.Exec(`INSERT INTO idempotency_answers (key, request, answer, expires_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at`,
		r.key[:], r.content[:], string(text), r.now.Add(keepAnswers).UnixMilli())
	if err != nil {
		return fmt.Errorf("keep the answer: %w", err)
	}
	return nil
}

// repeated reports how the key was used. Its result is once's error, or the
// problem that the client is told.
func (a *API) repeated(ctx context.Context, r *request, replayed bool, err error) error {
	switch {
	case r == nil:
	case errors.Is(err, errKeyReused):
		a.check(ctx, rules.KeyOfRequest, false, "the same content", "another")
		return newProblem(http.StatusUnprocessableEntity, "This Idempotency-Key was used for another request in the last 24 hours. Use a new key.",
			parameter("Idempotency-Key", "was used for another request"))
	case err == nil:
		a.check(ctx, rules.KeyOfRequest, true, "the same content", map[bool]string{true: "sent again", false: "new"}[replayed])
	}
	return err
}

// purgeBatch bounds one transaction, in rows: others write in between.
const purgeBatch = 500

// Purge removes the answers that can no longer be asked for again. Errors: the
// Writer's.
func (a *API) Purge(ctx context.Context) error {
	now := a.now().UnixMilli()
	for n := int64(purgeBatch); n == purgeBatch; {
		err := a.store.w.Write(ctx, func(tx *sql.Tx) error {
			done, err := tx.Exec(`DELETE FROM idempotency_answers WHERE key IN (SELECT key FROM idempotency_answers WHERE expires_at <= ? LIMIT ?)`, now, purgeBatch)
			if err != nil {
				return fmt.Errorf("purge kept answers: %w", err)
			}
			n, err = done.RowsAffected()
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
