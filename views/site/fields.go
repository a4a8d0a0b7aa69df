package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/exampleco/punchcard/views/site/page"
)

// fields is a schema's fields as rows: required ones first, in the document's
// order, and those of nested objects under their path.
func (d *openAPI) fields(s *apiSchema, prefix string, depth int) []page.ReferenceField {
	s = d.resolved(s)
	if s == nil || depth == maxDepth {
		return nil
	}
	if s.is("array") {
		return d.fields(s.Items, prefix+"[]", depth+1)
	}
	var out []page.ReferenceField
	for _, name := range names(s) {
		full := name
		if prefix != "" {
			full = prefix + "." + name
		}
		row := d.field(full, s.Properties[name])
		row.Required = slices.Contains(s.Required, name)
		out = append(out, row)
		out = append(out, d.fields(s.Properties[name], full, depth+1)...)
	}
	return out
}

// names are the properties of an object, the required ones first.
func names(s *apiSchema) []string {
	out := slices.DeleteFunc(slices.Clone(s.Required), func(name string) bool { return s.Properties[name] == nil })
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// field is one row.
func (d *openAPI) field(name string, use *apiSchema) page.ReferenceField {
	s := d.resolved(use)
	if s == nil {
		return page.ReferenceField{Name: name, Type: "anything"}
	}
	row := page.ReferenceField{Name: name, Type: d.typeName(use), Text: use.Description, Rules: s.rules()}
	if row.Text == "" {
		row.Text = s.Description
	}
	for _, choice := range s.Enum {
		if choice != nil {
			row.Choices = append(row.Choices, fmt.Sprint(choice))
		}
	}
	return row
}

// parameter is a row too; what it says of itself comes before its schema's words.
func (d *openAPI) parameter(p apiParameter) page.ReferenceField {
	row := d.field(p.Name, p.Schema)
	row.In, row.Required = p.In, p.Required
	if p.Description != "" {
		row.Text = p.Description
	}
	row.Example = plainValue(given(p.Example, p.Examples, d.resolved(p.Schema)))
	return row
}

func (s *apiSchema) is(kind string) bool { return slices.Contains(s.Type, kind) }

// typeName is a type in words: "whole number", "list of Entry", "date or null".
func (d *openAPI) typeName(use *apiSchema) string {
	s := d.resolved(use)
	if s == nil {
		return "anything"
	}
	var kinds []string
	for _, kind := range s.Type {
		switch {
		case kind == "array":
			kinds = append(kinds, "list of "+d.typeName(s.Items))
		case kind == "object" && use.Ref != "":
			kinds = append(kinds, strings.TrimPrefix(use.Ref, "#/components/schemas/"))
		case kind == "string" && (s.Format == "date" || s.Format == "date-time"):
			kinds = append(kinds, map[string]string{"date": "date", "date-time": "date and time"}[s.Format])
		case kind == "integer":
			kinds = append(kinds, "whole number")
		case kind == "boolean":
			kinds = append(kinds, "true or false")
		default:
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return "anything"
	}
	return strings.Join(kinds, " or ")
}

// rules is what the schema limits, in words.
func (s *apiSchema) rules() []string {
	var out []string
	number := func(format string, n *float64) {
		if n != nil {
			out = append(out, fmt.Sprintf(format, strconv.FormatFloat(*n, 'f', -1, 64)))
		}
	}
	number("at least %s", s.Minimum)
	number("more than %s", s.ExclusiveMinimum)
	number("at most %s", s.Maximum)
	number("less than %s", s.ExclusiveMaximum)
	number("in steps of %s", s.MultipleOf)
	out = append(out, span(s.MinLength, s.MaxLength, "characters")...)
	out = append(out, span(s.MinItems, s.MaxItems, "items")...)
	if s.PatternDescription != "" {
		out = append(out, s.PatternDescription)
	}
	if len(s.Default) > 0 {
		out = append(out, "left out, it is "+plainValue(s.Default))
	}
	return out
}

// span is a range of lengths in words.
func span(least, most *int, what string) []string {
	switch {
	case least != nil && most != nil:
		return []string{fmt.Sprintf("%d to %d %s", *least, *most, what)}
	case most != nil:
		return []string{fmt.Sprintf("at most %d %s", *most, what)}
	case least != nil:
		return []string{fmt.Sprintf("at least %d %s", *least, what)}
	}
	return nil
}

// given is an example that the document itself gives, nil for none.
func given(one json.RawMessage, named map[string]apiExample, s *apiSchema) json.RawMessage {
	if len(one) > 0 {
		return one
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if len(named[name].Value) > 0 {
			return named[name].Value
		}
	}
	if s != nil && len(s.Examples) > 0 {
		return s.Examples[0]
	}
	return nil
}

// plainValue is a JSON value as it stands in a URL or a header.
func plainValue(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// example is a body as somebody would send or get it: the document's own, or
// one made up from the schema. Nothing is made up for text that is no JSON, or
// for a problem, which would only say that its detail is "detail".
func (d *openAPI) example(media string, c apiContent) string {
	raw := given(c.Example, c.Examples, d.resolved(c.Schema))
	if raw == nil && media == "application/json" {
		raw = d.sample(c.Schema, "", 0)
	}
	if raw == nil {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) == nil { // CSV, which stands in JSON as one string
		return text
	}
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		return ""
	}
	return out.String()
}
