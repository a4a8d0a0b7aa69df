package edge

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// Logger writes to w. The format "auto" means coloured text on a terminal and
// JSON elsewhere; "text" and "json" choose one. level is debug, info, warn or
// error; at debug the log contains every check. Nothing that a client sent can
// control the reader's terminal.
func Logger(w io.Writer, format, level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // the command line accepts only valid level names
	if format == "text" || format == "auto" && Terminal(w) {
		colourless := !Terminal(w) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
		return slog.New(WithRequestID(tint.NewTextHandler(w, &tint.Options{Level: l, TimeFormat: time.TimeOnly, NoColor: colourless, ReplaceAttr: plainAttr})))
	}
	return slog.New(WithRequestID(slog.NewJSONHandler(escaping{w}, &slog.HandlerOptions{Level: l})))
}

// Terminal reports whether w is a terminal.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
