package attack

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// fileHours files a quarter of an hour with the person's own token, and takes
// the entry away again when the attack is over. The day is any of twenty long
// past years, so that it crowds nobody's week.
func (d *device) fileHours(t *tokens) (id string, err error) {
	day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rand.IntN(20*365))
	body, err := json.Marshal(map[string]any{
		"project": "Lock picking", "date": day.Format(time.DateOnly), "hours": 0.25, "notes": "Filed for the attack " + d.play.id,
	})
	if err != nil {
		return "", err
	}
	a, err := d.api(http.MethodPost, "/timesheets", t.Access, string(body))
	if err != nil {
		return "", err
	}
	var entry struct {
		ID string `json:"id"`
	}
	if a.status != http.StatusCreated || !a.read(&entry) || entry.ID == "" {
		return "", a.unexpected("a new entry")
	}
	d.play.later(func() error { return d.takeBack(t, entry.ID) })
	return entry.ID, nil
}

// takeBack deletes an entry. One that is gone already is gone by the attack.
func (d *device) takeBack(t *tokens, id string) error {
	a, err := d.api(http.MethodDelete, "/timesheets/"+id, t.Access, "")
	if err == nil && a.status != http.StatusNoContent && a.status != http.StatusNotFound {
		err = a.unexpected("the entry to be deleted")
	}
	if err != nil {
		return fmt.Errorf("entry %s: %w", id, err)
	}
	return nil
}
