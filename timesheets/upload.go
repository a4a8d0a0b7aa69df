package timesheets

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
)

// batch is what a machine client uploads for people.
type batch struct {
	Entries []batchEntry `json:"entries" minItems:"1" maxItems:"1000" nullable:"false" doc:"All of them are stored, or none"`
}

// batchEntry is a NewEntry with the person it belongs to.
type batchEntry struct {
	UserID string `json:"user_id" minLength:"1" maxLength:"100" doc:"Whose entry it is"`
	NewEntry
}

type (
	// uploadInput takes the body as it came: huma would stop at the first row
	// whose types are wrong, and every bad row is to be reported.
	uploadInput struct {
		Retry
		RawBody []byte `contentType:"application/json"`
	}
	uploadOutput struct {
		Replayed string `header:"Idempotency-Replayed" doc:"true where this answer was given before, and nothing was done now"`
		Body     uploaded
	}
	uploaded struct {
		Count int     `json:"count" doc:"How many entries were made"`
		Items []entry `json:"items" nullable:"false" doc:"In the order of the request"`
	}
)

// upload makes all of the entries or none. What is wrong with them is reported
// for every row at once: a nightly job has nobody to mend one and try again.
func (a *API) upload(ctx context.Context, c Caller, in *uploadInput) (*uploadOutput, error) {
	sheet, err := a.readSheet(in.RawBody)
	if err != nil {
		return nil, err
	}
	again, err := a.repeatable(c, "upload-timesheets", in.Retry, sheet.content)
	if err != nil {
		return nil, err
	}
	if err := a.refuseStrangers(ctx, sheet); err != nil {
		return nil, err
	}
	sheet.number(a.now())
	out, replayed, err := once(ctx, a.store, again, sheet.insert, func() {
		for _, e := range sheet.entries {
			a.ledger.Wrote(ctx, "insert", "entries", "timesheet entry", e.ID)
		}
	})
	if err := a.repeated(ctx, again, replayed, err); err != nil {
		return nil, a.refusedRows(ctx, sheet, err)
	}
	if replayed {
		out.Replayed = "true"
		return out, nil
	}
	a.allValid(ctx, sheet)
	return out, nil
}

// sheet is a batch on its way in: rows and entries have the same index.
type sheet struct {
	content any         // all of it
	whole   []violation // of the body around the rows
	rows    []batchEntry
	bad     [][]violation
	entries []entry
}

var errBadRows = errors.New("the batch has bad rows")

// readSheet looks at the body around the rows and at each row by itself, with
// the schemas that the API's description shows. Errors: *problem, for a body
// that is no JSON or has no rows to look at.
func (a *API) readSheet(body []byte) (*sheet, error) {
	var tree any
	if err := jsonFormat.Unmarshal(body, &tree); err != nil {
		return nil, newProblem(http.StatusBadRequest, unreadable(err.Error()))
	}
	s := &sheet{content: tree, whole: a.broken(a.shellSchema, "", tree)}
	object, _ := tree.(map[string]any)
	rows, _ := object["entries"].([]any)
	if len(rows) == 0 || len(rows) > *a.shellSchema.Properties["entries"].MaxItems {
		return nil, newProblem(http.StatusUnprocessableEntity, brokenRules, s.whole...)
	}
	s.rows, s.bad = make([]batchEntry, len(rows)), make([][]violation, len(rows))
	for i, row := range rows {
		if s.bad[i] = a.broken(a.rowSchema, rowPointer(i), row); s.bad[i] != nil {
			continue
		}
		text, err := json.Marshal(row)
		if err == nil {
			err = json.Unmarshal(text, &s.rows[i])
		}
		if err != nil {
			return nil, fmt.Errorf("row %d passed its schema: %w", i, err)
		}
	}
	return s, nil
}

func rowPointer(i int) string { return "/entries/" + strconv.Itoa(i) }

// broken holds a value against a schema, below a pointer of the body.
func (a *API) broken(schema *huma.Schema, below string, v any) []violation {
	path, found := huma.NewPathBuffer(nil, 0), &huma.ValidateResult{}
	path.Push("body")
	huma.Validate(a.huma.OpenAPI().Components.Schemas, schema, path, huma.ModeWriteToServer, v, found)
	details := make([]*huma.ErrorDetail, 0, len(found.Errors))
	for _, err := range found.Errors {
		if d, ok := err.(*huma.ErrorDetail); ok {
			details = append(details, d)
		}
	}
	errs := violations(schema, details)
	for i := range errs {
		pointer := below + *errs[i].Pointer
		errs[i].Pointer = &pointer
	}
	return errs
}

// refuseStrangers marks the rows of people whom the directory does not know.
func (a *API) refuseStrangers(ctx context.Context, s *sheet) error {
	var ids []string
	for i, row := range s.rows {
		if s.bad[i] == nil {
			ids = append(ids, row.UserID)
		}
	}
	slices.Sort(ids)
	known, err := a.directory.Known(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	strangers := 0
	for i, row := range s.rows {
		if s.bad[i] == nil && !slices.Contains(known, row.UserID) {
			strangers++
			s.mark(i, "user_id", "is nobody whom this API knows")
		}
	}
	a.check(ctx, rules.BatchPeopleKnown, strangers == 0, "known people", fmt.Sprintf("%d rows of others", strangers))
	return nil
}

func (s *sheet) mark(row int, name, detail string) {
	pointer := rowPointer(row) + pointerTo(name)
	s.bad[row] = append(s.bad[row], violation{Pointer: &pointer, Detail: detail})
}

// number makes the entries of the rows that are good so far.
func (s *sheet) number(now time.Time) {
	s.entries = make([]entry, len(s.rows))
	for i, row := range s.rows {
		s.entries[i] = row.entry(row.UserID, now)
	}
}

// insert writes the good rows one after the other, so that each is held against
// what is stored and against the rows before it. Where any row is bad its error
// takes all of them back. Errors: errBadRows, the file's.
func (s *sheet) insert(tx *sql.Tx) (*uploadOutput, error) {
	for i, e := range s.entries {
		if s.bad[i] != nil {
			continue
		}
		err := insertEntry(tx, e)
		var full *dayFullError
		if errors.As(err, &full) {
			s.mark(i, "hours", full.advice())
		} else if err != nil {
			return nil, err
		}
	}
	if len(s.violations()) > 0 {
		return nil, errBadRows
	}
	return &uploadOutput{Body: uploaded{Count: len(s.entries), Items: s.entries}}, nil
}

func (s *sheet) violations() []violation {
	return slices.Concat(append([][]violation{s.whole}, s.bad...)...)
}

// refusedRows is what the client is told about once's error.
func (a *API) refusedRows(ctx context.Context, s *sheet, err error) error {
	if !errors.Is(err, errBadRows) {
		return err
	}
	return newProblem(http.StatusUnprocessableEntity, "Nothing was stored, because of the rows listed in errors.", a.allValid(ctx, s)...)
}

// allValid reports whether the batch had mistakes, and returns them.
func (a *API) allValid(ctx context.Context, s *sheet) []violation {
	errs := s.violations()
	a.check(ctx, rules.BatchRowsValid, len(errs) == 0, fmt.Sprintf("%d valid rows", len(s.rows)), fmt.Sprintf("%d mistakes", len(errs)))
	return errs
}
