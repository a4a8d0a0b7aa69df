package edge

import (
	"bytes"
	"io"
	"sync"
)

// Held keeps what is written until it is released, so that the line that a
// program waits for comes first, whatever was logged while it was made.
type Held struct {
	mu       sync.Mutex
	to       io.Writer
	kept     bytes.Buffer
	released bool
}

// Hold holds what is for w.
func Hold(w io.Writer) *Held { return &Held{to: w} }

func (h *Held) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return h.to.Write(p)
	}
	return h.kept.Write(p)
}

// Release writes first, then what was kept; from then on nothing is. The second
// time it does nothing.
func (h *Held) Release(first string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return
	}
	h.released = true
	_, _ = io.WriteString(h.to, first+h.kept.String()) // nobody is left to tell
	h.kept = bytes.Buffer{}
}
