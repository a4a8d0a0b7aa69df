package seed

import "testing"

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestRedirectURIs(t *testing.T) { t.Run("AZ-33", provesRedirectURIs) }
