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
	if hidden, err := rewriteJSON(body, neverKept, nil); err == nil {
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

func neverKept(member string) bool { return hiddenParams[strings.ToLower(member)] }

var errNoMembers = errors.New("text that belongs to no member")

// rewriteJSON puts Hidden in the place of each member that is hidden, whatever
// its value is, and what scalar returns in the place of each other string; nil
// leaves those. The rest stays as it was sent. A list's strings go by the name
// of the member that the list is.
func rewriteJSON(text string, hidden func(member string) bool, scalar func(member, value string) string) (string, error) {
	w := rewriter{text: text, d: json.NewDecoder(strings.NewReader(text)), hidden: hidden, scalar: scalar}
	w.levels = []level{{}}
	for {
		before := w.d.InputOffset()
		token, err := w.d.Token()
		if errors.Is(err, io.EOF) && len(w.levels) == 1 {
			return w.out.String() + text[w.kept:], nil
		}
		if err == nil {
			err = w.take(token, before)
		}
		if err != nil {
			return "", err
		}
	}
}

// level is an object or a list that is being read.
type level struct {
	object, name bool   // name: the next thing is the name of a member
	member       string // whose value is being read
}

type rewriter struct {
	text   string
	d      *json.Decoder
	out    strings.Builder
	kept   int64
	levels []level
	hidden func(member string) bool
	scalar func(member, value string) string
}

func (w *rewriter) take(token json.Token, before int64) error {
	at := &w.levels[len(w.levels)-1]
	switch token {
	case json.Delim('{'), json.Delim('['):
		at.name = at.object
		w.levels = append(w.levels, level{token == json.Delim('{'), token == json.Delim('{'), at.member})
		return nil
	case json.Delim('}'), json.Delim(']'):
		w.levels = w.levels[:len(w.levels)-1]
		return nil
	}
	text, isText := token.(string)
	if isText && at.name {
		return w.member(at, text)
	}
	at.name = at.object
	switch {
	case w.scalar == nil:
		return nil
	case at.member == "":
		return errNoMembers
	case !isText:
		return nil
	}
	with := w.scalar(at.member, text)
	if with == text {
		return nil
	}
	quoted, err := json.Marshal(with)
	if err != nil {
		return err
	}
	begins := before + int64(strings.IndexByte(w.text[before:], '"'))
	w.out.WriteString(w.text[w.kept:begins])
	w.out.Write(quoted)
	w.kept = w.d.InputOffset()
	return nil
}

func (w *rewriter) member(at *level, name string) error {
	at.member = name
	if at.name = false; !w.hidden(name) {
		return nil
	}
	end := w.d.InputOffset()
	var value json.RawMessage
	if err := w.d.Decode(&value); err != nil {
		return err
	}
	at.name = true
	if with := `"` + Hidden + `"`; !harmless[string(value)] {
		w.out.WriteString(w.text[w.kept:end] + ":" + with)
		w.kept = w.d.InputOffset()
	}
	return nil
}

// harmless are values that say nothing.
var harmless = map[string]bool{"null": true, `""`: true, "{}": true, "[]": true}
