package site

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"strings"
)

// words are what the fields of this API hold, so that an example reads like
// one where the document has none.
var words = map[string]string{
	"id": "ts_ge3tknjzgq2tmnzy", "user_id": "usr_ada", "project": "Apollo", "notes": "Guidance equations",
	"If-Match": `"1"`, "ETag": `"1"`, "email": "ada@example.com", "subject": "usr_ada", "client_id": "timesheets-app",
}

// sample makes up a value that the schema allows, for documents that give no
// example of their own.
func (d *openAPI) sample(use *apiSchema, name string, depth int) json.RawMessage {
	s := d.resolved(use)
	switch {
	case s == nil || depth == maxDepth:
		return json.RawMessage("null")
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return marshal(s.Enum[0])
	case s.is("object") || len(s.Properties) > 0:
		return d.sampleObject(s, depth)
	case s.is("array"):
		return append(append(json.RawMessage{'['}, d.sample(s.Items, name, depth+1)...), ']')
	case s.is("null"): // what has not happened yet
		return json.RawMessage("null")
	case s.is("boolean"):
		return json.RawMessage("false")
	case s.is("integer"), s.is("number"):
		return marshal(s.sampleNumber())
	}
	return marshal(s.sampleText(name))
}

func (d *openAPI) sampleObject(s *apiSchema, depth int) json.RawMessage {
	out := bytes.NewBufferString("{")
	for i, name := range names(s) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(marshal(name))
		out.WriteByte(':')
		out.Write(d.sample(s.Properties[name], name, depth+1))
	}
	out.WriteByte('}')
	return out.Bytes()
}

// sampleNumber lies within the limits: about a third of the way to the top, or
// the lowest where there is none.
func (s *apiSchema) sampleNumber() float64 {
	n, step := 1.0, 1.0
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		step = *s.MultipleOf
	}
	if s.Maximum != nil {
		n = *s.Maximum / 3
	}
	if s.Minimum != nil {
		n = max(n, *s.Minimum)
	}
	return math.Round(n/step) * step
}

func (s *apiSchema) sampleText(name string) string {
	switch s.Format {
	case "date":
		return "2026-03-18"
	case "date-time":
		return "2026-03-18T10:30:00Z"
	}
	text, known := words[name]
	if !known {
		text = cmp.Or(name, "text")
	}
	if s.MaxLength != nil && len(text) > *s.MaxLength {
		text = text[:*s.MaxLength]
	}
	if s.MinLength != nil && len(text) < *s.MinLength {
		text += strings.Repeat("x", *s.MinLength-len(text))
	}
	return text
}

// marshal is for values that can always be written.
func marshal(v any) json.RawMessage {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return bytes.TrimSpace(out.Bytes())
}
