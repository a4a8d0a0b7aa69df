package timesheets

import (
	"context"
	"crypto/rand"
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
	ID        string     `json:"id"`
	UserID    string     `json:"user_id"`
	Project   string     `json:"project"`
	Date      string     `json:"date" format:"date"`
	Hours     float64    `json:"hours" doc:"In quarter hours"`
	Notes     string     `json:"notes"`
	Status    string     `json:"status" enum:"pending,approved,rejected"`
	Approved  bool       `json:"approved" doc:"true where status is approved"`
	DecidedBy *string    `json:"decided_by"`
	DecidedAt *time.Time `json:"decided_at"`
	Comment   *string    `json:"comment" doc:"What was said about the decision"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`

	version int64
}

// etag changes with every change of the entry.
func (e entry) etag() string { return fmt.Sprintf(`"%d"`, e.version) }

func (e entry) position() position { return position{e.Date, e.CreatedAt.UnixMilli(), e.ID} }

// newEntry is all that a client may say about an entry. Whose it is and what
// has been decided are not among it, and an unknown field is refused.
type newEntry struct {
	Project string  `json:"project" minLength:"1" maxLength:"100" pattern:"^\\P{Cc}*$" patternDescription:"text without control characters"`
	Date    string  `json:"date" format:"date" pattern:"^(20[0-9]{2}|2100)-" patternDescription:"a date in the years 2000 to 2100"`
	Hours   float64 `json:"hours" exclusiveMinimum:"0" maximum:"24" multipleOf:"0.25"`
	Notes   string  `json:"notes,omitempty" maxLength:"2000" pattern:"^[\\P{Cc}\\n\\t]*$" patternDescription:"text without control characters other than line feed and tab"`
}

type (
	listInput struct {
		From    string `query:"from" format:"date" doc:"First day"`
		To      string `query:"to" format:"date" doc:"Last day"`
		Project string `query:"project" doc:"Exactly this project"`
		Status  string `query:"status" enum:"pending,approved,rejected"`
		Page
	}
	// Page is exported because huma does not look into embedded types that are not.
	Page struct {
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
		Cursor string `query:"cursor" doc:"next_cursor of the page before, with the same filters"`
	}
	entryInput struct {
		ID string `path:"id"`
	}
	createInput struct{ Body newEntry }
)

type (
	listOutput struct{ Body list }
	list       struct {
		Items      []entry `json:"items" nullable:"false"`
		NextCursor string  `json:"next_cursor,omitempty" doc:"Absent on the last page"`
	}
	entryOutput struct {
		ETag string `header:"ETag"`
		Body entry
	}
	createOutput struct {
		Location string `header:"Location"`
		ETag     string `header:"ETag"`
		Body     entry
	}
)

func (a *API) list(ctx context.Context, c Caller, in *listInput) (*listOutput, error) {
	if in.From != "" && in.To != "" && in.To < in.From {
		return nil, newProblem(http.StatusUnprocessableEntity, "The request breaks the rules listed in errors.",
			parameter("to", "lies before from"))
	}
	sel := selection{owners: []string{c.Subject}, from: in.From, to: in.To, project: in.Project, status: in.Status}
	return a.page(ctx, sel, in.Page, "timesheets", c.Subject, in.From, in.To, in.Project, in.Status)
}

// page lists what sel selects. which names the list for its cursors.
func (a *API) page(ctx context.Context, sel selection, in Page, which ...string) (*listOutput, error) {
	sel.limit = in.Limit
	if in.Cursor != "" {
		after, ok := a.cursors.open(in.Cursor, which)
		if !a.check(ctx, "cursor was made here, for this list", "", ok, "next_cursor of the page before", "a cursor") {
			return nil, newProblem(http.StatusBadRequest, "The cursor is not one that this list has given, with these filters. Start without one.",
				parameter("cursor", "is not valid here"))
		}
		sel.after = &after
	}
	items, more, err := a.store.list(ctx, sel)
	if err != nil {
		return nil, err
	}
	out := &listOutput{list{Items: items}}
	if more {
		out.Body.NextCursor = a.cursors.seal(items[len(items)-1].position(), which)
	}
	return out, nil
}

func (a *API) create(ctx context.Context, c Caller, in *createInput) (*createOutput, error) {
	now := a.now().UTC().Truncate(time.Millisecond) // as it is stored
	e := entry{
		ID: newID(), UserID: c.Subject, Project: in.Body.Project, Date: in.Body.Date, Hours: in.Body.Hours, Notes: in.Body.Notes,
		Status: pending, CreatedAt: now, UpdatedAt: now, version: 1,
	}
	err := a.store.insert(ctx, e)
	var full *dayFullError
	if err != nil && !errors.As(err, &full) {
		return nil, err
	}
	if full != nil {
		a.check(ctx, "a day has 24 hours", "", false, "at most 24 hours", fmt.Sprintf("%v and %v more", hours(full.taken), e.Hours))
		return nil, newProblem(http.StatusUnprocessableEntity, "The request breaks the rules listed in errors.",
			field("hours", fmt.Sprintf("this day has %v hours already, so at most %v more fit", hours(full.taken), hours(dayQuarters-full.taken))))
	}
	a.check(ctx, "a day has 24 hours", "", true, "at most 24 hours", "room for it")
	return &createOutput{Location: "/api/timesheets/" + e.ID, ETag: e.etag(), Body: e}, nil
}

func hours(quarters int) float64 { return float64(quarters) / 4 }

func (a *API) get(ctx context.Context, c Caller, in *entryInput) (*entryOutput, error) {
	e, err := a.own(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return &entryOutput{ETag: e.etag(), Body: e}, nil
}

func (a *API) delete(ctx context.Context, c Caller, in *entryInput) (*struct{}, error) {
	e, err := a.own(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	err = a.store.delete(ctx, e.ID, c.Subject)
	return nil, a.settled(ctx, err)
}

// own reads an entry of the caller. Somebody else's gives the same answer as
// one that does not exist, or ids could be tried for which of them do.
func (a *API) own(ctx context.Context, c Caller, id string) (entry, error) {
	e, err := a.store.entry(ctx, id)
	if errors.Is(err, errNoEntry) {
		a.check(ctx, "entry exists", "", false, "an entry", "none")
		return entry{}, notFound()
	}
	if err != nil {
		return entry{}, err
	}
	if !a.check(ctx, "entry is the caller's own", "", e.UserID == c.Subject, c.Subject, e.UserID) {
		return entry{}, notFound()
	}
	return e, nil
}

// settled reports how the compare-and-set on a pending entry has ended.
func (a *API) settled(ctx context.Context, err error) error {
	switch {
	case err == nil:
		a.check(ctx, "entry is still pending", "", true, pending, pending)
	case errors.Is(err, errDecided):
		a.check(ctx, "entry is still pending", "", false, pending, "decided")
		return newProblem(http.StatusConflict, "The entry has been approved or rejected already, and stays as it is.")
	case errors.Is(err, errNoEntry): // deleted since it was read
		a.check(ctx, "entry is still pending", "", false, pending, "deleted")
		return notFound()
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
