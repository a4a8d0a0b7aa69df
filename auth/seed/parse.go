package seed

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxDocument is the largest document that is read, in bytes.
const maxDocument = 1 << 20

// Mistake is one thing wrong with a document. Its message never repeats a
// password or secret.
type Mistake struct {
	Line    int // from 1; 0 where the mistake is the whole document's
	Message string
}

// Errors is everything that is wrong with a document, sorted by line.
type Errors []Mistake

// Error prints one mistake a line, each with its line number.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, m := range e {
		lines[i] = m.Message
		if m.Line > 0 {
			lines[i] = fmt.Sprintf("line %d: %s", m.Line, m.Message)
		}
	}
	return strings.Join(lines, "\n")
}

// Parse reads a YAML document. It returns the document with its defaults
// filled in, or Errors with every mistake found.
func Parse(data []byte) (*Document, error) {
	doc, r, readable := readAll(data)
	if readable {
		c := &checker{reader: r, doc: doc}
		c.check()
	}
	if len(r.mistakes) > 0 {
		slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
		return nil, slices.Compact(r.mistakes)
	}
	doc.fillDefaults(func(path string) bool { _, ok := r.lines[path]; return ok })
	return doc, nil
}

// readAll reads what can be read, without checking whether it makes sense.
func readAll(data []byte) (doc *Document, r *reader, readable bool) {
	r = &reader{lines: map[string]int{}, broken: map[string]bool{}}
	doc = &Document{}
	root := r.root(data)
	if root != nil {
		r.read(root, reflect.ValueOf(doc).Elem(), "")
	}
	return doc, r, root != nil
}

// reader turns YAML nodes into values. It keeps the line of each value by its
// path, "people[0].email", because the later checks also report mistakes by
// line.
type reader struct {
	lines    map[string]int
	broken   map[string]bool // paths whose value could not be read; no other mistake is reported for them
	mistakes Errors
}

func (r *reader) add(line int, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{line, fmt.Sprintf(format, args...)})
}

// root returns the document's mapping, or nil.
func (r *reader) root(data []byte) *yaml.Node {
	if len(data) > maxDocument {
		r.add(0, "the document is larger than 1 MiB")
		return nil
	}
	data = asWritten(data)
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			r.add(i+1, "not UTF-8 or UTF-16 text; save the file as UTF-8")
			return nil
		}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var node, next yaml.Node
	switch err := decoder.Decode(&node); {
	case errors.Is(err, io.EOF) || err == nil && isNull(node.Content[0]):
		r.add(1, "the document is empty")
		return nil
	case err != nil:
		r.syntax(data, err)
		return nil
	}
	switch err := decoder.Decode(&next); {
	case err == nil:
		r.add(next.Line, "a second document begins here; a configuration is one document")
	case !errors.Is(err, io.EOF):
		r.syntax(data, err)
	}
	return node.Content[0]
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// read fills v, a struct, slice, string or bool, from a node.
func (r *reader) read(n *yaml.Node, v reflect.Value, path string) {
	if path != "" {
		r.lines[path] = n.Line
	}
	switch {
	case n.Kind == yaml.AliasNode:
		r.wrong(n, path, "is an alias; write the value out")
	case isNull(n):
		r.wrong(n, path, "has no value")
	case v.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		r.readKeys(n, v, path)
	case v.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, item := range n.Content {
			r.read(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case v.Kind() == reflect.String && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str":
		v.SetString(n.Value)
	case v.Kind() == reflect.Bool && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && n.Decode(v.Addr().Interface()) == nil:
	default:
		r.wrong(n, path, expected(v.Kind()))
	}
}

func expected(k reflect.Kind) string {
	switch k {
	case reflect.Struct:
		return "must be keys with values"
	case reflect.Slice:
		return "must be a list"
	case reflect.Bool:
		return "must be true or false"
	}
	return "must be text; put it in quotes"
}

func (r *reader) wrong(n *yaml.Node, path, problem string) {
	r.broken[path] = true
	r.add(n.Line, "%s %s", cmp.Or(path, "the document"), problem)
}

// readKeys reads a mapping into a struct. An unknown key is a mistake, because
// a misspelt key would otherwise be a setting that is silently left out.
func (r *reader) readKeys(n *yaml.Node, v reflect.Value, path string) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, known := fieldNamed(v, key)
		first, twice := seen[key.Value]
		switch {
		case !known:
			r.add(key.Line, "unknown key %q; known here: %s", clip(key.Value), strings.Join(keysOf(v.Type()), ", "))
		case twice:
			r.add(key.Line, "%s is already set at line %d", join(path, key.Value), first)
		default:
			seen[key.Value] = key.Line
			r.read(value, field, join(path, key.Value))
		}
	}
}

func fieldNamed(v reflect.Value, key *yaml.Node) (reflect.Value, bool) {
	if key.Kind == yaml.ScalarNode {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("yaml") == key.Value {
				return v.Field(i), true
			}
		}
	}
	return reflect.Value{}, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if tag := t.Field(i).Tag; tag.Get("unwanted") == "" {
			keys = append(keys, tag.Get("yaml"))
		}
	}
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// clip keeps a message short, whatever the file contains.
func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
