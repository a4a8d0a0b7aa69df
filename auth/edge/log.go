package edge

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// Logger writes to w: coloured text on a terminal and JSON elsewhere (format
// auto), or as format says (text, json). level is debug, info, warn or error;
// at debug the log is the ledger of every check. Nothing that somebody sent
// reaches the reader's terminal as an order to it.
func Logger(w io.Writer, format, level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // the command line admits only names of levels
	if format == "text" || format == "auto" && Terminal(w) {
		colourless := !Terminal(w) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
		return slog.New(WithRequestID(tint.NewTextHandler(w, &tint.Options{Level: l, TimeFormat: time.TimeOnly, NoColor: colourless, ReplaceAttr: plainAttr})))
	}
	return slog.New(WithRequestID(slog.NewJSONHandler(escaping{w}, &slog.HandlerOptions{Level: l})))
}

// Terminal says whether a person reads w.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
