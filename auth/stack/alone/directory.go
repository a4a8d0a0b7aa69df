package alone

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/exampleco/punchcard/auth/seed"
)

// loadPeople reads who reports to whom.
func loadPeople(path string) (staff, bool, error) {
	data := seed.Builtin()
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, false, fmt.Errorf("--config: %w", err)
		}
	}
	people, err := seed.ParsePeople(data)
	if err != nil {
		return nil, false, fmt.Errorf("%s:\n%w", path, err)
	}
	return people, path == "", nil
}

// staff is the directory of an API by itself.
type staff []seed.Person

// Reports returns the ids of the people who report to a manager.
func (s staff) Reports(_ context.Context, managerID string) (ids []string, err error) {
	for _, p := range s {
		if p.ReportsTo == managerID {
			ids = append(ids, p.ID)
		}
	}
	return ids, nil
}

// Known returns those of the ids that are declared.
func (s staff) Known(_ context.Context, ids []string) (known []string, err error) {
	for _, p := range s {
		if slices.Contains(ids, p.ID) {
			known = append(known, p.ID)
		}
	}
	return known, nil
}
