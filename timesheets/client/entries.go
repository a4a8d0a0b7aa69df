package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

type listCmd struct {
	Target
	Output
	From    day    `placeholder:"DAY" help:"First day: 2026-03-01, today or yesterday."`
	To      day    `placeholder:"DAY" help:"Last day."`
	Project string `placeholder:"NAME" help:"Exactly this project."`
	Status  string `enum:",pending,approved,rejected" default:"" placeholder:"STATUS" help:"pending, approved or rejected."`
}

// Run lists all that fits, the latest day first.
func (c *listCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	query := url.Values{}
	for name, value := range map[string]string{"from": string(c.From), "to": string(c.To), "project": c.Project, "status": c.Status} {
		if value != "" {
			query.Set(name, value)
		}
	}
	items, err := a.all(ctx, call{method: http.MethodGet, path: "/timesheets", query: query, scope: "read:timesheets"})
	if err != nil {
		return err
	}
	return a.show(items, c.JSON, false)
}

type addCmd struct {
	Target
	Output
	Project string `arg:"" help:"What the time was for."`
	Hours   hours  `arg:"" help:"How long: 7.5, 7:30, 7h30 or 30m, in quarter hours."`
	Date    day    `placeholder:"DAY" help:"The day of the work: 2026-03-31, today or yesterday; today."`
	Notes   string `placeholder:"TEXT" help:"What you did."`
}

// Run adds one entry, once: with the key, an answer that gets lost can be
// asked for again.
func (c *addCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	if c.Date == "" {
		c.Date = dayOf(time.Now())
	}
	var made entry
	err = a.do(ctx, call{
		method: http.MethodPost, path: "/timesheets", key: random(), scope: "create:timesheets",
		body: newEntry{Project: c.Project, Date: string(c.Date), Hours: float64(c.Hours), Notes: c.Notes},
	}, &made)
	if err != nil {
		return err
	}
	if c.JSON {
		return a.json(made)
	}
	_, err = fmt.Fprintf(a.Out, "Added %s: %s h for %s on %s, %s.\n", plain(made.ID), decimal(made.Hours), plain(made.Project), plain(made.Date), plain(made.Status))
	return err
}

type deleteCmd struct {
	Target
	ID string `arg:"" name:"id" help:"The entry, as list shows it."`
}

func (c *deleteCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	if err := a.do(ctx, call{method: http.MethodDelete, path: "/timesheets/" + url.PathEscape(c.ID), scope: "delete:timesheets"}, nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Out, "Deleted %s.\n", plain(c.ID))
	return err
}

type approveCmd struct {
	Target
	Output
	ID      string `arg:"" name:"id" optional:"" help:"The entry; left out, what waits for you is listed."`
	Reject  bool   `help:"Reject it instead."`
	Comment string `placeholder:"TEXT" help:"Something for the person whose entry it is."`
}

func (c *approveCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	const scope = "approve:timesheets"
	if c.ID == "" {
		if c.Reject || c.Comment != "" {
			return usage("approve needs the entry that it is about; %s lists them", a.command("approve"))
		}
		items, err := a.all(ctx, call{method: http.MethodGet, path: "/approvals", query: url.Values{}, scope: scope})
		if err != nil {
			return err
		}
		return a.show(items, c.JSON, true)
	}
	what := decision{Decision: "approve", Comment: c.Comment}
	if c.Reject {
		what.Decision = "reject"
	}
	var decided entry
	if err := a.do(ctx, call{method: http.MethodPut, path: "/approvals/" + url.PathEscape(c.ID), body: what, scope: scope}, &decided); err != nil {
		return err
	}
	if c.JSON {
		return a.json(decided)
	}
	_, err = fmt.Fprintf(a.Out, "%s is %s: %s h of %s for %s on %s.\n", plain(decided.ID), plain(decided.Status), decimal(decided.Hours), plain(decided.UserID), plain(decided.Project), plain(decided.Date))
	return err
}

// show draws a list of entries, one's own or of a team.
func (a *app) show(items []entry, asJSON, team bool) error {
	if asJSON {
		return a.json(items)
	}
	if len(items) == 0 {
		_, err := fmt.Fprintln(a.Err, "There is nothing to show.")
		return err
	}
	t := table{head: []string{"ID", "DATE", "PROJECT", "HOURS", "STATUS", "NOTES"}, right: 3, paint: paintStatus}
	if team {
		t = table{head: []string{"ID", "PERSON", "DATE", "HOURS", "PROJECT", "NOTES"}, right: 3}
	}
	for _, e := range items {
		row := []string{e.ID, e.Date, e.Project, decimal(e.Hours), e.Status, e.Notes}
		if team {
			row = []string{e.ID, e.UserID, e.Date, decimal(e.Hours), e.Project, e.Notes}
		}
		for i := range row {
			row[i] = plain(row[i])
		}
		t.rows = append(t.rows, row)
	}
	return t.print(a)
}

func paintStatus(column int, cell string) string {
	if column != 4 {
		return ""
	}
	return map[string]string{"approved": "32", "pending": "33", "rejected": "31"}[cell]
}

func decimal(hours float64) string { return strconv.FormatFloat(hours, 'f', 2, 64) }
