package edge

import "path"

// Spelled says whether a path is written as it is known. A mux would send any
// other spelling on to that one by 307, and the body of a token request with it.
func Spelled(asked string) bool {
	tidy := path.Clean(asked)
	return tidy == asked || tidy+"/" == asked
}
