package seed

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// yamlProblem takes the library's message apart; nothing is decided by it.
var yamlProblem = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// syntax reports text that is no YAML.
func (r *reader) syntax(data []byte, err error) {
	line, text := 0, err.Error()
	if m := yamlProblem.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = m[2]
	}
	if exact := brokenLine(data); exact > 0 {
		line = exact
	}
	r.add(max(1, line), "not YAML: %s", text)
}

// maxSearched keeps the search, one reading for each line, from being felt.
const maxSearched = 1000

// brokenLine returns the line after which no beginning of the text is YAML any
// more, 0 where that is not searched. The library's own number is often that
// of the line before, or of the end of the file where a quote is never closed.
func brokenLine(data []byte) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	if len(lines) > maxSearched {
		return 0
	}
	end := len(data)
	for i := len(lines) - 1; i >= 0; i-- {
		end -= len(lines[i])
		if isYAML(data[:end]) {
			return i + 1
		}
	}
	return 1
}

func isYAML(data []byte) bool {
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var node yaml.Node
		if err := decoder.Decode(&node); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}
