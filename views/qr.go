package views

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"rsc.io/qr"
)

// qrDrawing is a QR code as SVG paths, one unit a module.
type qrDrawing struct {
	Box, Paper, Path string // Path is "" for a text that does not fit into any QR code
}

// newQR draws each row's dark runs as one stroke of the path. Level L is enough
// for a screen: nothing of it gets dirty, and larger modules are read from
// further away.
func newQR(text string) qrDrawing {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return qrDrawing{}
	}
	const quiet = 4 // ISO/IEC 18004: four modules of white around it
	size := code.Size + 2*quiet
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			start := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quiet, y+quiet, x-start, x-start)
			}
		}
	}
	return qrDrawing{Box: fmt.Sprintf("0 0 %d %d", size, size), Paper: fmt.Sprintf("M0 0h%dv%dh-%dz", size, size, size), Path: path.String()}
}

// farAway says why a phone would not reach an address.
func farAway(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return "This server listens on this computer alone (" + u.Host + "), so a phone reaches it only once it is started on an address of your network."
	}
	return ""
}
