package inspector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// colour is how a kind of value is drawn.
func colour(kind record.ValueKind) page.ValueKind {
	switch kind {
	case record.Code, record.Device, record.UserCode:
		return page.KindCode
	case record.Verifier, record.Challenge:
		return page.KindPKCE
	case record.Access, record.Token, record.Registration:
		return page.KindAccess
	case record.Refresh:
		return page.KindRefresh
	case record.ID:
		return page.KindID
	case record.Flow, record.Pushed:
		return page.KindFlow
	}
	return page.KindState
}

// marks finds the values of a run in any text.
type marks struct {
	find  *strings.Replacer // values as they travel
	ids   *strings.Replacer // as the ledger names them
	known []record.Value
	byID  map[string]record.ValueKind // what each was issued as
	byRaw map[string]record.Value
}

// The edges of a value's place in a text: they occur in nothing that is kept.
const (
	opens  = "\x00"
	closes = "\x01"
)

func newMarks(values []record.Value) marks {
	m := marks{known: values, byID: make(map[string]record.ValueKind, len(values)), byRaw: make(map[string]record.Value, len(values))}
	edged := func(i int, text string) string { return opens + string(rune('0'+i)) + text + closes }
	m.find = record.Replacer(values, func(i int, _ record.Value, form string) string { return edged(i, form) })
	var ids []string
	for i, v := range values {
		m.byID[v.ID()], m.byRaw[v.Raw] = v.Kind, v
		ids = append(ids, v.ID(), edged(i, v.ID()))
	}
	m.ids = strings.NewReplacer(ids...)
	return m
}

// kind is what a value was issued as.
func (m marks) kind(v record.Value) record.ValueKind {
	if kind, known := m.byID[v.ID()]; known {
		return kind
	}
	return v.Kind
}

// whole finds the value that a parameter is, however it is escaped.
func (m marks) whole(parameter string) (record.Value, bool) {
	decoded, err := url.QueryUnescape(parameter)
	if err != nil || decoded == parameter {
		return record.Value{}, false
	}
	v, known := m.byRaw[decoded]
	return v, known && decoded != ""
}

// longest is how much of a value is shown where it stands in the wire text: it
// is whole below, decoded, and in the command and the archive.
const longest = 44

// pieces cuts wire text into what is mere text and what travels.
func (m marks) pieces(text, class string) []page.Piece {
	return m.cut(m.find.Replace(edgeless.Replace(text)), class)
}

// ledger is pieces for the words of a check, which name values by their ids.
func (m marks) ledger(text string) []page.Piece {
	return m.cut(m.ids.Replace(edgeless.Replace(text)), "")
}

var edgeless = strings.NewReplacer(opens, "␀", closes, "␁", record.Hidden, opens+"/"+record.Hidden+closes)

func (m marks) cut(rest, class string) (out []page.Piece) {
	for rest != "" {
		before, marked, ok := strings.Cut(rest, opens)
		if before != "" {
			out = append(out, page.Piece{Text: before, Class: class})
		}
		if !ok {
			break
		}
		value, after, _ := strings.Cut(marked, closes)
		rest = after
		which := []rune(value)[0]
		value = value[len(string(which)):]
		if which == '/' {
			out = append(out, page.Piece{Text: value, Kind: page.KindMasked, Title: "never kept"})
			continue
		}
		v := m.known[which-'0']
		out = append(out, page.Piece{Text: elided(value), Kind: colour(v.Kind), Value: v.ID(), Title: string(v.Kind) + " " + v.ID()})
	}
	return out
}

func elided(value string) string {
	if len(value) <= longest {
		return value
	}
	return value[:longest-12] + "…" + value[len(value)-6:]
}

// headerOrder puts first what the protocol speaks of.
var headerOrder = []string{"Authorization", "Dpop", "Content-Type", "Accept", "Origin", "Referer", "Cookie", "Location", "Refresh", "Www-Authenticate", "Set-Cookie", "Cache-Control"}

// request is what was sent, one parameter a line.
func (d *drawn) request(x *record.Exchange) []page.Piece {
	path, query, has := strings.Cut(x.Target, "?")
	out := []page.Piece{{Text: x.Method, Class: "m"}, {Text: " " + path}}
	if has {
		out = append(out, page.Piece{Text: "?", Class: "h"})
		out = append(out, d.parameters(query, "\n    ")...)
	}
	out = append(out, page.Piece{Text: " " + x.Proto + "\nHost: " + x.Host, Class: "h"})
	out = append(out, d.headers(x.Header)...)
	if x.Body != "" {
		out = append(out, page.Piece{Text: "\n\n"})
		out = append(out, d.body(x.Header, x.Body)...)
	}
	return append(out, cut(x.BodyCut, x.Body, "It may hold a secret that cannot be told from the rest.")...)
}

// response is what was answered.
func (d *drawn) response(x *record.Exchange) []page.Piece {
	class := "s"
	if x.Refused() {
		class = "x"
	}
	out := []page.Piece{{Text: x.Proto + " ", Class: "h"}, {Text: strings.TrimSpace(strconv.Itoa(x.Status) + " " + http.StatusText(x.Status)), Class: class}}
	out = append(out, d.headers(x.Answer)...)
	switch {
	case x.Page != "":
		out = append(out, page.Piece{Text: "\n\n"}, page.Piece{Text: "a page: " + x.Page + " (" + size(x.AnswerCut) + ", not kept)", Class: "h"})
		if x.Handed != "" {
			out = append(out, page.Piece{Text: "\nwhose form posts to the app\n", Class: "h"})
			out = append(out, d.parameters(x.Handed, "")...)
		}
	case x.AnswerBody != "":
		out = append(out, page.Piece{Text: "\n\n"})
		out = append(out, d.body(x.Answer, x.AnswerBody)...)
		out = append(out, cut(x.AnswerCut, x.AnswerBody, "")...)
	}
	return out
}

func cut(n int, kept, why string) []page.Piece {
	switch {
	case n == 0:
		return nil
	case kept == "":
		return []page.Piece{{Text: "\n\n(a body of " + size(n) + ", not kept. " + why + ")", Class: "h"}}
	}
	return []page.Piece{{Text: "\n… and " + size(n) + " more, not kept", Class: "h"}}
}

func (d *drawn) headers(h http.Header) (out []page.Piece) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	rank := func(name string) int {
		if i := slices.Index(headerOrder, name); i >= 0 {
			return i
		}
		return len(headerOrder)
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := rank(names[i]), rank(names[j]); a != b {
			return a < b
		}
		return names[i] < names[j]
	})
	for _, name := range names {
		for _, value := range h[name] {
			out = append(out, page.Piece{Text: "\n" + name + ": ", Class: "h"})
			if name == "Location" || name == "Refresh" || name == "Referer" {
				out = append(out, d.address(value)...)
			} else {
				out = append(out, d.marks.pieces(value, valueClass(rank(name)))...)
			}
		}
	}
	return out
}

// valueClass keeps what the protocol does not speak of in the background.
func valueClass(rank int) string {
	if rank == len(headerOrder) {
		return "h"
	}
	return ""
}

func (d *drawn) address(to string) []page.Piece {
	where, query, ok := strings.Cut(to, "?")
	out := d.marks.pieces(where, "")
	if ok {
		out = append(out, page.Piece{Text: "?", Class: "h"})
		out = append(out, d.parameters(query, "\n    ")...)
	}
	return out
}

// parameters are written one a line, as they were sent.
func (d *drawn) parameters(encoded, indent string) (out []page.Piece) {
	for i, pair := range strings.Split(encoded, "&") {
		name, value, has := strings.Cut(pair, "=")
		switch {
		case i > 0 && indent == "":
			out = append(out, page.Piece{Text: "\n&", Class: "h"})
		case i > 0:
			out = append(out, page.Piece{Text: indent + "&", Class: "h"})
		case indent != "":
			out = append(out, page.Piece{Text: indent, Class: "h"})
		}
		if has {
			name += "="
		}
		out = append(out, page.Piece{Text: name, Class: "k"})
		if v, ok := d.marks.whole(value); ok {
			out = append(out, page.Piece{Text: elided(value), Kind: colour(v.Kind), Value: v.ID(), Title: string(v.Kind) + " " + v.ID()})
			continue
		}
		out = append(out, d.marks.pieces(value, "")...)
	}
	return out
}

func (d *drawn) body(h http.Header, body string) []page.Piece {
	kind := strings.ToLower(h.Get("Content-Type"))
	switch {
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		return d.parameters(body, "")
	case strings.Contains(kind, "json"):
		var indented bytes.Buffer
		if json.Indent(&indented, []byte(body), "", "  ") == nil {
			body = indented.String()
		}
	}
	return d.marks.pieces(body, "")
}

func size(n int) string {
	if n < 1024 {
		return strconv.Itoa(n) + " bytes"
	}
	return fmt.Sprintf("%.1f KB", float64(n)/1024)
}
