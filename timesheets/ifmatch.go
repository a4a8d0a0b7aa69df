package timesheets

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Precondition is exported because huma does not look into embedded types that
// are not.
type Precondition struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the entry as you have read it, a list of them, or *. If the entry has changed since, nothing happens and the answer is 412."`

	match match
}

// Resolve reads the header itself, because it may come in several lines.
func (p *Precondition) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	lines := r.Header.Values("If-Match")
	if len(lines) == 0 {
		return nil
	}
	m, ok := parseMatch(strings.Join(lines, ", ")) // RFC 9110 5.3: lines of one list combine
	if !ok {
		return []error{&huma.ErrorDetail{Location: "header.If-Match", Message: `has to be an ETag in double quotes, a list of them, or *`}}
	}
	p.match = m
	return nil
}

// match is the condition of an If-Match. The zero value is its absence.
type match struct {
	given bool
	any   bool
	tags  []string // strong ones, with their quotes
}

// parseMatch reads "*" or a list of entity tags, RFC 9110 13.1.1.
func parseMatch(value string) (match, bool) {
	m := match{given: true}
	if strings.Trim(value, " \t") == "*" {
		m.any = true
		return m, true
	}
	for {
		value = strings.TrimLeft(value, " \t,") // RFC 9110 5.6.1: empty elements are to be ignored
		if value == "" {
			return m, true
		}
		rest, weak := strings.CutPrefix(value, "W/")
		if !strings.HasPrefix(rest, `"`) {
			return match{}, false
		}
		end := strings.IndexByte(rest[1:], '"') + 2
		if end < 2 || strings.ContainsFunc(rest[1:end-1], func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			return match{}, false // RFC 9110 8.8.3: no quote, space or control character inside
		}
		// RFC 9110 13.1.1: If-Match compares strongly, and no weak tag is ever equal.
		if !weak {
			m.tags = append(m.tags, rest[:end])
		}
		value = strings.TrimLeft(rest[end:], " \t")
		if value != "" && value[0] != ',' {
			return match{}, false
		}
	}
}

// where is the condition as fixed SQL and its arguments, so that it is decided
// by the statement that writes.
func (m match) where() (string, []any) {
	if !m.given || m.any {
		return "", nil
	}
	tags, _ := json.Marshal(m.tags) // of strings, which always succeeds
	return ` AND '"' || version || '"' IN (SELECT value FROM json_each(?))`, []any{string(tags)}
}

func preconditionRequired() *problem {
	// RFC 6585 3: the answer explains how to send the request successfully.
	return newProblem(http.StatusPreconditionRequired,
		"Send If-Match with the ETag of the entry that you have read, so that nobody's change in between is lost.")
}

func preconditionFailed() *problem {
	return newProblem(http.StatusPreconditionFailed, "The entry has changed since. Read it again, and send If-Match with its new ETag.")
}
