package people

import (
	"context"
	"sync"
)

// permissions caches what the roles of each person give. Every API call needs
// it, and it changes only when a document is applied. The generation grows
// with each clear, so that a value read before a clear is not put back after
// it.
type permissions struct {
	mu         sync.RWMutex
	generation uint64
	of         map[string][]string
}

// Permissions returns what a person's roles give now, as Person does. The
// caller must not change it. Errors: ErrNoPerson.
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

// DropCache empties this room's caches. It has to be called after another
// process has changed the file.
func (p *People) DropCache() {
	p.gives.mu.Lock()
	defer p.gives.mu.Unlock()
	p.gives.generation++
	p.gives.of = nil
}
