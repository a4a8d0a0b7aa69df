package timesheets

import (
	"context"
	"encoding/csv"
	"io"
	"mime"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// csvType is RFC 4180 3's media type; header=present says that the first row
// names the columns.
const csvType = "text/csv; charset=utf-8; header=present"

var csvColumns = []string{"id", "user_id", "project", "date", "hours", "notes", "status",
	"decided_by", "decided_at", "comment", "created_at", "updated_at"}

func writeCSV(w io.Writer, items []entry) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true // RFC 4180 2: lines end with CRLF
	_ = c.Write(csvColumns)
	for _, e := range items {
		decidedAt := ""
		if e.DecidedAt != nil {
			decidedAt = e.DecidedAt.Format(time.RFC3339Nano)
		}
		row := []string{e.ID, e.UserID, e.Project, e.Date, strconv.FormatFloat(e.Hours, 'f', -1, 64), e.Notes, e.Status,
			text(e.DecidedBy), decidedAt, text(e.Comment), e.CreatedAt.Format(time.RFC3339Nano), e.UpdatedAt.Format(time.RFC3339Nano)}
		for i, cell := range row {
			row[i] = inert(cell)
		}
		_ = c.Write(row)
	}
	c.Flush()
	return c.Error() // of any Write before it, too
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// inert keeps a spreadsheet from taking a cell for a formula: one person's
// notes must not run on another's desk. The apostrophe makes it text. Some
// spreadsheets take the full-width signs of East Asian text for the same.
func inert(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

type csvKey struct{}

// negotiate is the middleware that decides about the form of the answer, and
// keeps the Accept header from huma, whose own reading of it panics on some
// values ("a;,b") and takes "json" for a media type.
func (*API) negotiate(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	wanted := prefersCSV(strings.Join(r.Header.Values("Accept"), ",")) // RFC 9110 5.3: lines of one list combine
	r.Header.Del("Accept")
	next(huma.WithValue(ctx, csvKey{}, wanted))
}

// wantsCSV is what negotiate has found.
func wantsCSV(ctx context.Context) bool {
	wanted, _ := ctx.Value(csvKey{}).(bool)
	return wanted
}

// prefersCSV tells whether an Accept header wants CSV more than JSON, which is
// what everybody gets who has no preference.
func prefersCSV(accept string) bool {
	return quality(accept, "text", "csv") > quality(accept, "application", "json")
}

// quality is the weight that the header gives to a media type. RFC 9110 12.5.1:
// of the ranges that match, the most specific one decides.
func quality(accept, kind, subtype string) float64 {
	best, weight := 0, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		specific := map[string]int{kind + "/" + subtype: 3, kind + "/*": 2, "*/*": 1}[media]
		if specific <= best {
			continue
		}
		q := 1.0
		if given, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(given, 64); err != nil || !(q >= 0 && q <= 1) {
				continue // RFC 9110 12.4.2: a weight is between 0 and 1
			}
		}
		best, weight = specific, q
	}
	return weight
}
