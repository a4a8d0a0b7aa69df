package ledger

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rules lists the rules of a room, in the order of its rules.go. The argument
// is a struct whose fields are all of type Rule; anything else is a mistake in
// the program and panics.
func Rules(room any) []Rule {
	v := reflect.ValueOf(room)
	out := make([]Rule, 0, v.NumField())
	for i := range v.NumField() {
		rule, ok := v.Field(i).Interface().(Rule)
		if !ok {
			panic(fmt.Sprintf("ledger: field %s is no Rule", v.Type().Field(i).Name))
		}
		out = append(out, rule)
	}
	return out
}

var kebab = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)

// Proofread reports what is wrong with the words of these rules: an ID that is
// not in kebab-case or is used twice, a Must that is not a sentence, a missing
// Why. Each room's test calls it.
func Proofread(rules []Rule) error {
	var wrong []error
	seen := map[string]bool{}
	for _, r := range rules {
		if !kebab.MatchString(r.ID) {
			wrong = append(wrong, fmt.Errorf("rule %q: its ID is not in kebab-case", r.ID))
		}
		if seen[r.ID] {
			wrong = append(wrong, fmt.Errorf("rule %q stands twice", r.ID))
		}
		seen[r.ID] = true
		if !sentence(r.Must) {
			wrong = append(wrong, fmt.Errorf("rule %q: its Must is no sentence: %q", r.ID, r.Must))
		}
		if !sentence(r.Why) {
			wrong = append(wrong, fmt.Errorf("rule %q: its Why is no sentence: %q", r.ID, r.Why))
		}
	}
	return errors.Join(wrong...)
}

// sentence reports whether s begins with a capital letter, has several words
// and ends with a full stop.
func sentence(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(first) && strings.HasSuffix(s, ".") && len(strings.Fields(s)) > 2
}
