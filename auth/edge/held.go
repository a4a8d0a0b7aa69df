package edge

import (
	"bytes"
	"io"
	"sync"
)

// Held keeps everything that is written until it is released. So the line that
// a program waits for comes first, before anything that was logged during the
// start.
type Held struct {
	mu       sync.Mutex
	to       io.Writer
	kept     bytes.Buffer
	released bool
}

// Hold holds what is written to w.
func Hold(w io.Writer) *Held { return &Held{to: w} }

func (h *Held) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return h.to.Write(p)
	}
	return h.kept.Write(p)
}

// Release writes first, then everything that was kept. From then on nothing is
// kept. A second call does nothing.
func (h *Held) Release(first string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return
	}
	h.released = true
	_, _ = io.WriteString(h.to, first+h.kept.String()) // there is nobody left to tell about an error
	h.kept = bytes.Buffer{}
}
