package timesheets

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
)

type (
	listInput struct {
		From    string `query:"from" format:"date" doc:"First day" example:"2026-03-01"`
		To      string `query:"to" format:"date" doc:"Last day" example:"2026-03-31"`
		Project string `query:"project" doc:"Exactly this project"`
		Status  string `query:"status" enum:"pending,approved,rejected" doc:"Only entries in this state"`
		Page
	}
	// Page is exported because huma does not look into embedded types that are not.
	Page struct {
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
		Cursor string `query:"cursor" doc:"next_cursor of the page before, with the same filters"`
	}
)

type (
	list struct {
		Items      []entry `json:"items" nullable:"false" doc:"The latest day first"`
		NextCursor string  `json:"next_cursor,omitempty" doc:"Absent on the last page"`
	}
	// listOutput has its body written already, because it comes in two forms.
	listOutput struct {
		ContentType string   `header:"Content-Type" hidden:"true"`
		Disposition string   `header:"Content-Disposition" doc:"For CSV, the name of the file"`
		Link        string   `header:"Link" doc:"The next page, as rel=\"next\"; absent on the last one"`
		Vary        []string `header:"Vary" hidden:"true"` // a slice is added to what is there
		Body        []byte
	}
)

func (a *API) list(ctx context.Context, c Caller, in *listInput) (*listOutput, error) {
	if in.From != "" && in.To != "" && in.To < in.From {
		return nil, newProblem(http.StatusUnprocessableEntity, brokenRules, parameter("to", "lies before from"))
	}
	sel := selection{owners: []string{c.Subject}, from: in.From, to: in.To, project: in.Project, status: in.Status}
	l, err := a.page(ctx, sel, in.Page, "timesheets", c.Subject, in.From, in.To, in.Project, in.Status)
	if err != nil {
		return nil, err
	}
	out := &listOutput{
		ContentType: jsonType, Vary: []string{"Accept"}, // RFC 9110 12.5.5: a cache must tell the two forms apart
		Link: l.next("/api/timesheets", in.Page, in.filters()),
	}
	var body bytes.Buffer
	if wantsCSV(ctx) {
		out.ContentType, out.Disposition = csvType, `attachment; filename="timesheets.csv"`
		err = writeCSV(&body, l.Items)
	} else {
		err = jsonFormat.Marshal(&body, l)
	}
	out.Body = body.Bytes()
	return out, err
}

// filters are those that the client gave.
func (in *listInput) filters() url.Values {
	given := url.Values{}
	for name, value := range map[string]string{"from": in.From, "to": in.To, "project": in.Project, "status": in.Status} {
		if value != "" {
			given.Set(name, value)
		}
	}
	return given
}

// page lists what sel selects. which names the list for its cursors.
func (a *API) page(ctx context.Context, sel selection, in Page, which ...string) (*list, error) {
	sel.limit = in.Limit
	if in.Cursor != "" {
		after, ok := a.cursors.open(in.Cursor, which)
		if !a.check(ctx, rules.CursorGenuine, ok, "next_cursor of the page before", "a cursor") {
			return nil, newProblem(http.StatusBadRequest, "The cursor is not one that this list has given, with these filters. Start without one.",
				parameter("cursor", "is not valid here"))
		}
		sel.after = &after
	}
	items, more, err := a.store.list(ctx, sel)
	if err != nil {
		return nil, err
	}
	l := &list{Items: items}
	if more {
		l.NextCursor = a.cursors.seal(items[len(items)-1].position(), which)
	}
	return l, nil
}

// next is the Link header (RFC 8288) to the page that follows, or empty. Its
// target is relative, because the client knows best how it has reached us.
func (l *list) next(path string, in Page, query url.Values) string {
	if l.NextCursor == "" {
		return ""
	}
	query.Set("limit", strconv.Itoa(in.Limit))
	query.Set("cursor", l.NextCursor)
	return "<" + path + "?" + query.Encode() + `>; rel="next"`
}
