package client

import (
	"os"
	"os/exec"
	"runtime"
)

// openBrowser hands the address to the person's own browser (RFC 8252 4): the
// app never sees the password, and who is signed in there does not type it. It
// reports whether there was one to hand it to.
func openBrowser(address string) bool {
	var opener *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		opener = exec.Command("open", address)
	case "windows":
		opener = exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	default:
		// Without a display it would start a browser in this terminal, over our lines.
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return false
		}
		opener = exec.Command("xdg-open", address)
	}
	if opener.Start() != nil {
		return false
	}
	go func() { _ = opener.Wait() }() // some openers live as long as the browser
	return true
}
