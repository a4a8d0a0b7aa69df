package seed

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// yamlProblem takes the library's message apart. It only improves the words.
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

// maxSearched bounds the search, which reads the text once for each line.
const maxSearched = 1000

// brokenLine returns the first line with which the text up to there is no
// longer valid YAML, or 0 if the text is too long to search. The library's own
// line is often the one before, or the end of the file if a quote is never
// closed.
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
