package timesheets

import (
	"context"
	"net/http"
	"net/url"
	"slices"
)

// Directory knows who exists and who reports to whom.
type Directory interface {
	// Reports returns the ids of the people who report to managerID directly;
	// none for somebody who manages nobody, or is unknown.
	Reports(ctx context.Context, managerID string) ([]string, error)
	// Known returns those of the ids that are people who can have entries.
	Known(ctx context.Context, ids []string) ([]string, error)
}

// decision is what a manager says about an entry.
type decision struct {
	Decision string `json:"decision" enum:"approve,reject" doc:"What you decide"`
	Comment  string `json:"comment,omitempty" maxLength:"500" pattern:"^([^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]*[^\\x00-\\x20\\x7f-\\xa0\\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]*)?$" patternDescription:"text that can be seen, without control characters other than line feed and tab" doc:"For the person whose entry it is"`
}

type approvalsOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=\"next\"; absent on the last one"`
	Body list
}

type decideInput struct {
	ID   string    `path:"id" doc:"The entry's id"`
	Body *decision `doc:"Left out, it approves"`
}

// approvals lists what waits for the caller: the pending entries of the people
// who report to them.
func (a *API) approvals(ctx context.Context, c Caller, in *Page) (*approvalsOutput, error) {
	reports, err := a.directory.Reports(ctx, c.Subject)
	if err != nil {
		return nil, err
	}
	// Nobody decides about their own hours, even if the directory has them report to themselves.
	reports = slices.DeleteFunc(slices.Clone(reports), func(id string) bool { return id == c.Subject })
	l, err := a.page(ctx, selection{owners: reports, status: pending}, *in, "approvals", c.Subject)
	if err != nil {
		return nil, err
	}
	return &approvalsOutput{Link: l.next("/api/approvals", *in, url.Values{}), Body: *l}, nil
}

func (a *API) decide(ctx context.Context, c Caller, in *decideInput) (*entryOutput, error) {
	e, err := a.approvable(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	v := verdict{status: approved, by: c.Subject, at: a.now()}
	if in.Body != nil {
		if in.Body.Decision == "reject" {
			v.status = rejected
		}
		if in.Body.Comment != "" {
			v.comment = &in.Body.Comment
		}
	}
	decided, err := a.store.decide(ctx, e.ID, e.UserID, v)
	if err := a.settled(ctx, match{}, err); err != nil {
		return nil, err
	}
	return &entryOutput{ETag: decided.etag(), Body: decided}, nil
}

// approvable reads an entry that the caller may decide about. The scope says
// that the app may approve; only this says whose.
func (a *API) approvable(ctx context.Context, c Caller, id string) (entry, error) {
	e, err := a.store.entry(ctx, id)
	if err := a.found(ctx, err); err != nil {
		return entry{}, err
	}
	// Before the reporting line is looked at: the caller knows this entry, so
	// there is nothing to hide, and the reason helps.
	if !a.check(ctx, rules.OthersEntry, e.UserID != c.Subject, "not "+c.Subject, e.UserID) {
		return entry{}, newProblem(http.StatusForbidden, "Nobody can approve or reject an entry of their own.")
	}
	reports, err := a.directory.Reports(ctx, c.Subject)
	if err != nil {
		return entry{}, err
	}
	if !a.check(ctx, rules.ReportsToCaller, slices.Contains(reports, e.UserID), "reports to "+c.Subject, e.UserID) {
		return entry{}, notFound()
	}
	return e, nil
}
