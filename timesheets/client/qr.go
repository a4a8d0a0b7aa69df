package client

import (
	"strings"

	"rsc.io/qr"
)

// quiet is the empty margin that a camera needs around a code.
const quiet = 4

// drawQR draws text as a QR code, two rows of it in each line of the terminal.
// It returns "" where there is no room.
func drawQR(text string, window int, colours bool) string {
	code, err := qr.Encode(text, qr.L)
	if err != nil || code.Size+2*quiet > window {
		return ""
	}
	// Cameras expect black on white. Where no colour may be set, the terminal is
	// taken to be dark, and what is drawn is the white.
	blocks, before, after := [...]string{" ", "▄", "▀", "█"}, "\x1b[30;107m", "\x1b[0m"
	if !colours {
		blocks, before, after = [...]string{"█", "▀", "▄", " "}, "", ""
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString(before)
		for x := -quiet; x < code.Size+quiet; x++ {
			cell := 0
			if code.Black(x, y) { // nothing is black outside
				cell |= 2
			}
			if code.Black(x, y+1) {
				cell |= 1
			}
			b.WriteString(blocks[cell])
		}
		b.WriteString(after + "\n")
	}
	return b.String()
}
