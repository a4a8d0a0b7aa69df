package record

import "slices"

// Place is an exchange of a run.
type Place struct{ Run, Exchange int }

// Failures names for each rule, by its ID, the latest exchange in memory in
// which it failed.
func (r *Recorder) Failures() map[string]Place {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]Place{}
	for e := r.recent.Front(); e != nil; e = e.Next() {
		run := e.Value.(*Run)
		for _, x := range slices.Backward(run.Exchanges) {
			for _, c := range x.Checks {
				if _, later := out[c.Rule]; !c.OK && !later {
					out[c.Rule] = Place{run.Number, x.ID}
				}
			}
		}
	}
	return out
}
