package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// author adds an entry, and deletes one of those that are not for Grace.
func (w *world) author(p *person, i int) error {
	e, err := w.create(p)
	if err != nil {
		return err
	}
	if p.name == "alan" {
		select {
		case w.pending <- e:
		default: // she is far behind; it stays pending
		}
		return nil
	}
	if i%2 == 0 {
		return nil
	}
	r, err := p.browser.api(http.MethodDelete, "/timesheets/"+e.id, p.steady.Access, "")
	if err != nil {
		w.doubt(e, "deleted", "")
		return err
	}
	if r.status != http.StatusNoContent {
		return &strange{r}
	}
	w.settle(e, "deleted", "")
	return nil
}

// create adds an entry whose notes nobody else's have, on a day that has room.
// The entry is returned with an error too, without an id.
func (w *world) create(p *person) (*entry, error) {
	w.mu.Lock()
	w.serial++
	n := w.serial
	w.mu.Unlock()
	e := &entry{owner: p.name, notes: fmt.Sprintf("entry %d", n), status: "pending"}
	day := w.undated.AddDate(0, 0, n%36000).Format(time.DateOnly)
	r, err := p.browser.api(http.MethodPost, "/timesheets", p.steady.Access, fmt.Sprintf(`{"project":"Apollo","date":%q,"hours":0.25,"notes":%q}`, day, e.notes))
	if err != nil {
		w.count("no answer")
		w.mu.Lock()
		w.lost[e.notes] = e
		w.mu.Unlock()
		return e, err
	}
	var made struct{ ID string }
	if r.status != http.StatusCreated || json.Unmarshal([]byte(r.body), &made) != nil || made.ID == "" {
		return e, &strange{r}
	}
	e.id = made.ID
	w.created(e)
	return e, nil
}

// approve decides about the oldest entry that waits.
func (w *world) approve(p *person, i int) error {
	var e *entry
	select {
	case e = <-w.pending:
	default:
		time.Sleep(time.Millisecond)
		return nil
	}
	decision, status := "approve", "approved"
	if i%3 == 0 {
		decision, status = "reject", "rejected"
	}
	comment := "about " + e.notes
	r, err := p.browser.api(http.MethodPut, "/approvals/"+e.id, p.steady.Access, fmt.Sprintf(`{"decision":%q,"comment":%q}`, decision, comment))
	if err != nil {
		w.doubt(e, status, comment)
		return err
	}
	if r.status != http.StatusOK {
		return &strange{r}
	}
	w.settle(e, status, comment)
	return nil
}
