package edge

import "path"

// Spelled reports whether a path is written in its normal form. A mux would
// redirect any other spelling with 307, and the browser would repeat the body
// of a token request.
func Spelled(asked string) bool {
	tidy := path.Clean(asked)
	return tidy == asked || tidy+"/" == asked
}
