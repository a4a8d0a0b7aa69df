package timesheets

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	pending  = "pending"
	approved = "approved"
	rejected = "rejected"

	dayQuarters = 24 * 4 // what a person's day can hold
)

// entry is a timesheet entry as clients see it.
type entry struct {
	ID        string     `json:"id" doc:"Made by the server"`
	UserID    string     `json:"user_id" doc:"Whose entry it is"`
	Project   string     `json:"project" doc:"What the time was for"`
	Date      string     `json:"date" format:"date" doc:"The day of the work"`
	Hours     float64    `json:"hours" doc:"In quarter hours"`
	Notes     string     `json:"notes" doc:"Empty where there are none"`
	Status    string     `json:"status" enum:"pending,approved,rejected" doc:"pending until the manager has decided"`
	Approved  bool       `json:"approved" doc:"true where status is approved"`
	DecidedBy *string    `json:"decided_by" doc:"Who decided; null while pending"`
	DecidedAt *time.Time `json:"decided_at" doc:"When; null while pending"`
	Comment   *string    `json:"comment" doc:"What was said about the decision"`
	CreatedAt time.Time  `json:"created_at" doc:"In UTC, as all times"`
	UpdatedAt time.Time  `json:"updated_at" doc:"The last change, decisions included"`

	version int64
}

// etag changes with every change of the entry.
func (e entry) etag() string { return fmt.Sprintf(`"%d"`, e.version) }

func (e entry) position() position { return position{e.Date, e.CreatedAt.UnixMilli(), e.ID} }

// NewEntry is all that a client may say about an entry. Whose it is and what
// has been decided are not among it, and an unknown field is refused. It is
// exported because huma does not look into embedded types that are not.
//
// Text must have a character that can be seen: the long class in each pattern
// leaves out spaces, joiners, fillers and their like one by one, because the
// pattern is published, and \p{…} is not known to every reader of it.
type NewEntry struct {
	Project string  `json:"project" minLength:"1" maxLength:"100" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\x00-\\x20\\x7f-\\xa0\\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\\x00-\\x1f\\x7f-\\x9f]*$" patternDescription:"text that can be seen, without control characters" doc:"What the time was for"`
	Date    string  `json:"date" format:"date" pattern:"^(20[0-9]{2}|2100)-" patternDescription:"a date in the years 2000 to 2100" doc:"The day of the work"`
	Hours   float64 `json:"hours" exclusiveMinimum:"0" maximum:"24" multipleOf:"0.25" doc:"In quarter hours; a person's day cannot pass 24"`
	Notes   string  `json:"notes,omitempty" maxLength:"2000" pattern:"^([^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]*[^\\x00-\\x20\\x7f-\\xa0\\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]*)?$" patternDescription:"text that can be seen, without control characters other than line feed and tab" doc:"Left out, there are none"`
}

type (
	entryInput struct {
		ID string `path:"id" doc:"The entry's id"`
	}
	deleteInput struct {
		ID string `path:"id" doc:"The entry's id"`
		Precondition
	}
	createInput struct {
		Retry
		Body NewEntry
	}
	replaceInput struct {
		ID string `path:"id" doc:"The entry's id"`
		Precondition
		Body NewEntry
	}
)

type (
	entryOutput struct {
		ETag string `header:"ETag" doc:"Changes with every change of the entry; for If-Match"`
		Body entry
	}
	createOutput struct {
		Location string `header:"Location" doc:"Where the new entry is"`
		ETag     string `header:"ETag" doc:"Changes with every change of the entry; for If-Match"`
		Replayed string `header:"Idempotency-Replayed" doc:"true where this answer was given before, and nothing was done now"`
		Body     entry
	}
)

func (a *API) create(ctx context.Context, c Caller, in *createInput) (*createOutput, error) {
	again, err := a.repeatable(c, "create-timesheet", in.Retry, in.Body)
	if err != nil {
		return nil, err
	}
	e := in.Body.entry(c.Subject, a.now())
	out, replayed, err := once(ctx, a.store, again, func(tx *sql.Tx) (*createOutput, error) {
		return &createOutput{Location: "/api/timesheets/" + e.ID, ETag: e.etag(), Body: e}, insertEntry(tx, e)
	}, func() { a.ledger.Wrote(ctx, "insert", "entries", "timesheet entry", e.ID) })
	if err := a.repeated(ctx, again, replayed, err); err != nil {
		return nil, a.roomFor(ctx, e.Hours, err)
	}
	if replayed {
		out.Replayed = "true"
		return out, nil
	}
	return out, a.roomFor(ctx, e.Hours, nil)
}

// entry is a new one with what the client said.
func (n NewEntry) entry(owner string, now time.Time) entry {
	now = now.UTC().Truncate(time.Millisecond) // as it is stored
	return entry{
		ID: newID(), UserID: owner, Project: n.Project, Date: n.Date, Hours: n.Hours, Notes: n.Notes,
		Status: pending, CreatedAt: now, UpdatedAt: now, version: 1,
	}
}

// roomFor reports whether the day had room for that many hours.
func (a *API) roomFor(ctx context.Context, more float64, err error) error {
	var full *dayFullError
	if errors.As(err, &full) {
		a.check(ctx, rules.DayFits, false, "at most 24 hours", fmt.Sprintf("%v and %v more", hours(full.taken), more))
		return newProblem(http.StatusUnprocessableEntity, brokenRules, field("hours", full.advice()))
	}
	if err == nil {
		a.check(ctx, rules.DayFits, true, "at most 24 hours", "room for it")
	}
	return err
}

// advice says how much would fit.
func (e *dayFullError) advice() string {
	return fmt.Sprintf("this day has %v hours already, so at most %v more fit", hours(e.taken), hours(dayQuarters-e.taken))
}

func hours(quarters int) float64 { return float64(quarters) / 4 }

func (a *API) get(ctx context.Context, c Caller, in *entryInput) (*entryOutput, error) {
	e, err := a.own(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return &entryOutput{ETag: e.etag(), Body: e}, nil
}

func (a *API) replace(ctx context.Context, c Caller, in *replaceInput) (*entryOutput, error) {
	if _, err := a.own(ctx, c, in.ID); err != nil {
		return nil, err
	}
	if !a.check(ctx, rules.VersionNamed, in.match.given, "the ETag that was read", map[bool]string{true: "If-Match", false: "none"}[in.match.given]) {
		return nil, preconditionRequired()
	}
	e, err := a.store.replace(ctx, in.ID, c.Subject, in.Body, in.match, a.now())
	if err := a.settled(ctx, in.match, a.roomFor(ctx, in.Body.Hours, err)); err != nil {
		return nil, err
	}
	return &entryOutput{ETag: e.etag(), Body: e}, nil
}

func (a *API) delete(ctx context.Context, c Caller, in *deleteInput) (*struct{}, error) {
	e, err := a.own(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	err = a.store.delete(ctx, e.ID, c.Subject, in.match)
	return nil, a.settled(ctx, in.match, err)
}

// own reads an entry of the caller. Somebody else's gives the same answer as
// one that does not exist, or ids could be tried for which of them do.
func (a *API) own(ctx context.Context, c Caller, id string) (entry, error) {
	e, err := a.store.entry(ctx, id)
	if err := a.found(ctx, err); err != nil {
		return entry{}, err
	}
	if !a.check(ctx, rules.OwnEntry, e.UserID == c.Subject, c.Subject, e.UserID) {
		return entry{}, notFound()
	}
	return e, nil
}

// found reports whether an entry is there. Its result is the store's error, or
// the problem that the client is told.
func (a *API) found(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errNoEntry):
		a.check(ctx, rules.EntryExists, false, "an entry", "none")
		return notFound()
	case err == nil:
		a.check(ctx, rules.EntryExists, true, "an entry", "an entry")
	}
	return err
}

// settled reports how the compare-and-set on a pending entry has ended, which m
// was a condition of.
func (a *API) settled(ctx context.Context, m match, err error) error {
	const version = "the entry's ETag, or *"
	switch {
	case err == nil:
		if m.given {
			a.check(ctx, rules.VersionCurrent, true, version, version)
		}
		a.check(ctx, rules.Pending, true, pending, pending)
	case errors.Is(err, errDecided):
		a.check(ctx, rules.Pending, false, pending, "decided")
		return newProblem(http.StatusConflict, "The entry has been approved or rejected already, and stays as it is.")
	case errors.Is(err, errNoEntry): // deleted since it was read
		a.check(ctx, rules.Pending, false, pending, "deleted")
		return notFound()
	case errors.Is(err, errStale):
		a.check(ctx, rules.VersionCurrent, false, version, "another")
		return preconditionFailed()
	}
	return err
}

func notFound() *problem { return newProblem(http.StatusNotFound, "There is no such entry.") }

// newID is 80 random bits: one id tells nothing about the others.
func newID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return idOf(b)
}

func idOf(b [10]byte) string {
	return "ts_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}
