package ledger

import (
	"fmt"
	"reflect"
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
