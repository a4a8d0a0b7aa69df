package record

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// hideBody hides what a JSON body must not keep. One in which it cannot be told
// where that stands is not kept at all; where nothing of the kind is expected,
// that is only asked of a body that speaks of secrets.
func hideBody(body string, cut int, expected bool) (string, int) {
	if body == "" || !expected && !speaksOfSecrets(body) {
		return body, cut
	}
	if hidden, err := hideJSON(body); err == nil {
		return hidden, cut
	}
	return "", cut + len(body)
}

// speaksOfSecrets is true of every body with a member that is never kept, as it
// is usually written, and of few others.
func speaksOfSecrets(body string) bool {
	for _, ending := range [...]string{`secret"`, `password"`, `assertion"`, `session"`} {
		if strings.Contains(body, ending) {
			return true
		}
	}
	return false
}

// hideJSON puts Hidden in the place of each member that is never kept, whatever
// its value is, and leaves the rest as it was sent.
func hideJSON(text string) (string, error) {
	type level struct{ object, name bool } // name: the next thing is the name of a member
	var (
		d      = json.NewDecoder(strings.NewReader(text))
		out    strings.Builder
		kept   int64
		levels = []level{{}}
	)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(levels) == 1 {
			return out.String() + text[kept:], nil
		}
		if err != nil {
			return "", err
		}
		at := &levels[len(levels)-1]
		switch token {
		case json.Delim('{'), json.Delim('['):
			at.name = at.object
			levels = append(levels, level{token == json.Delim('{'), token == json.Delim('{')})
			continue
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			continue
		}
		name, isName := token.(string)
		if isName = isName && at.name; !isName {
			at.name = at.object
			continue
		}
		if at.name = false; !hiddenParams[strings.ToLower(name)] {
			continue
		}
		out.WriteString(text[kept:d.InputOffset()] + `:"` + Hidden + `"`)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return "", err
		}
		kept, at.name = d.InputOffset(), true
	}
}
