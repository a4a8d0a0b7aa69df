package people

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxEmail is longer than any address that can be declared, in bytes; what is
// longer is nobody's, and is not worth normalising.
const maxEmail = 1024

// emailKey is how addresses are compared: " Ada@Example.com" and its
// full-width form are one account and, above all, one bucket of the throttle.
// Normalisation comes first, because it turns other spaces into plain ones.
func emailKey(email string) string {
	if len(email) > maxEmail {
		return ""
	}
	return norm.NFKC.String(strings.ToLower(strings.TrimSpace(norm.NFKC.String(email))))
}
