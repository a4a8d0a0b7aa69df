package people

import (
	"context"
	"sync"
)

// permissions remembers what the roles of each person give: it is asked for at
// every call of an API, and changes only where a document is applied. The
// generation grows with each clear, so that what was read before it is not put
// back after it.
type permissions struct {
	mu         sync.RWMutex
	generation uint64
	of         map[string][]string
}

// Permissions returns what a person's roles give now, as Person does. It must
// not be changed. Errors: ErrNoPerson.
func (p *People) Permissions(ctx context.Context, id string) ([]string, error) {
	c := &p.gives
	c.mu.RLock()
	known, ok := c.of[id]
	generation := c.generation
	c.mu.RUnlock()
	if ok {
		return known, nil
	}
	person, err := p.Person(ctx, id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation == c.generation {
		if c.of == nil {
			c.of = map[string][]string{}
		}
		c.of[id] = person.Permissions
	}
	return person.Permissions, nil
}

// DropCache empties what this room remembers of the file. It has to be called
// where another process has changed that.
func (p *People) DropCache() {
	p.gives.mu.Lock()
	defer p.gives.mu.Unlock()
	p.gives.generation++
	p.gives.of = nil
}
