package views

import "testing"

// The holes at the top of each ticket spell the application id of the file.
func TestHolesSpellPunchcard(t *testing.T) {
	var spelled [4]byte
	for i, on := range holes {
		if on {
			spelled[i/8] |= 0x80 >> (i % 8)
		}
	}
	if string(spelled[:]) != "PNCH" {
		t.Errorf("the holes spell %q", spelled)
	}
}
