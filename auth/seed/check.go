package seed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest texts that are accepted, in characters.
const (
	maxName = 200
	maxText = 500
)

// checker checks the values that could be read.
type checker struct {
	*reader
	doc *Document
}

func (c *checker) check() {
	c.checkAPIs()
	c.checkRoles()
	c.checkPeople()
	c.checkClients()
}

// lineOf returns the line of a path, or of its nearest parent.
func (c *checker) lineOf(path string) int {
	for path != "" {
		if line, ok := c.lines[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 1
}

// unsure reports that not all names of a list are known, because the list, an
// item or a naming key could not be read. A name that is missing from such a
// list proves nothing.
func (c *checker) unsure(list string, keys ...string) bool {
	for path := range c.broken {
		rest, ok := strings.CutPrefix(path, list)
		if ok && (rest == "" || strings.HasSuffix(rest, "]") || slices.ContainsFunc(keys, func(key string) bool { return strings.HasSuffix(rest, key) })) {
			return true
		}
	}
	return false
}

// entry is one item of a list, with the name that messages use for it.
type entry struct {
	*checker
	path string
	name string // `person "usr_ada"`
}

func (c *checker) entry(list string, i int, kind, id string) entry {
	e := entry{checker: c, path: fmt.Sprintf("%s[%d]", list, i), name: kind}
	if id != "" {
		e.name = fmt.Sprintf("%s %q", kind, clip(id))
	}
	return e
}

// readable is false if the value or one of its parents could not be read.
func (e entry) readable(key string) bool {
	return !e.broken[e.path] && !e.broken[e.path+"."+key]
}

func (e entry) has(key string) bool {
	_, ok := e.lines[e.path+"."+key]
	return ok
}

func (e entry) bad(key, format string, args ...any) {
	e.add(e.lineOf(e.path+"."+key), "%s: %s", e.name, fmt.Sprintf(format, args...))
}

// required reports a text that is missing. ok is false if there is no text to
// check further.
func (e entry) required(key, value string) (ok bool) {
	switch {
	case !e.readable(key):
		return false
	case value != "":
		return true
	case e.has(key):
		e.bad(key, "%s is empty", key)
	default:
		e.bad(key, "%s is missing", key)
	}
	return false
}

// id checks a name that is used in URLs, tokens and logs.
func (e entry) id(key, value string, seen map[string]int) {
	if !e.required(key, value) {
		return
	}
	if !idPattern.MatchString(value) {
		e.bad(key, "%s must be 1 to 100 of the characters A-Z a-z 0-9 . _ -", key)
	}
	e.unique(key, value, seen)
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

func (e entry) unique(key, value string, seen map[string]int) {
	if first, ok := seen[value]; ok {
		e.bad(key, "%s is already used at line %d", key, first)
		return
	}
	seen[value] = e.lineOf(e.path + "." + key)
}

// words checks a text that people will read.
func (e entry) words(key, value string, most int) {
	if n := utf8.RuneCountInString(value); n > most {
		e.bad(key, "%s has %d characters, and may have %d", key, n, most)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
		e.bad(key, "%s has a line break or another control character in it", key)
	}
}

// oneOf checks an optional choice.
func (e entry) oneOf(key, value string, choices ...string) {
	if value != "" && !slices.Contains(choices, value) {
		e.bad(key, "%s must be %s", key, strings.Join(choices, " or "))
	}
}

// each calls f for the readable items of a list of names, and reports items
// that are empty or repeated.
func (e entry) each(key string, values []string, f func(item, value string)) {
	seen := map[string]bool{}
	for i, value := range values {
		item := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case !e.readable(item):
		case value == "":
			e.bad(item, "%s has an empty entry", key)
		case seen[value]:
			e.bad(item, "%s names %s twice", key, clip(value))
		default:
			seen[value] = true
			f(item, value)
		}
	}
}

// filled reports a list that must not be empty.
func (e entry) filled(key string, values []string, why string) {
	if len(values) > 0 || !e.readable(key) {
		return
	}
	if e.has(key) {
		e.bad(key, "%s is empty; %s", key, why)
	} else {
		e.bad(key, "%s is missing; %s", key, why)
	}
}

// absent reports a key that has no meaning here.
func (e entry) absent(key, why string) {
	if e.has(key) && e.readable(key) {
		e.bad(key, "%s must be left out; %s", key, why)
	}
}
