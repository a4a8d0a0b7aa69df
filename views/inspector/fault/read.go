package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	unreadable  = "The body has to be one JSON object, such as {\"endpoint\":\"token\",\"fault\":\"error\"}."
	brokenRules = "The fault breaks the rules listed in errors."
)

// readBody reads what a fault is asked for by. Errors: 413.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *problem) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if isTooLarge(err) {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "The body could not be read to its end.")
	}
	return data, nil
}

func isTooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.As(err, &limit)
}

func tooLarge() *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "The body is larger than 64 KiB.")
}

// readJSON reads a fault, strictly: two readers of one body must not disagree
// about what it says. encoding/json alone would take names given twice, in
// other letter case, and text that is not UTF-8.
func readJSON(data []byte) (a asked, p *problem) {
	if !utf8.Valid(data) {
		return a, newProblem(http.StatusBadRequest, "The body is not UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return a, newProblem(http.StatusBadRequest, unreadable)
	}
	seen, errs := map[string]bool{}, []violation{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return a, newProblem(http.StatusBadRequest, unreadable)
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return a, newProblem(http.StatusBadRequest, unreadable)
		}
		key := name.(string) // the decoder takes nothing else before a colon
		if why := a.set(key, value, seen[key]); why != "" && len(errs) < maxViolations {
			errs = append(errs, field(shortened(key), why))
		}
		seen[key] = true
	}
	if _, err := d.Token(); err != nil { // its "}"
		return a, newProblem(http.StatusBadRequest, unreadable)
	}
	if _, err := d.Token(); err != io.EOF {
		return a, newProblem(http.StatusBadRequest, "There is something after the JSON object.")
	}
	if len(errs) > 0 {
		return a, newProblem(http.StatusBadRequest, "The body is not a fault, as listed in errors.", errs...)
	}
	return a, nil
}

// maxViolations bounds an answer that says what is wrong.
const maxViolations = 20

// shortened keeps a name from filling the answer.
func shortened(name string) string {
	if len(name) > 100 {
		return strings.ToValidUTF8(name[:100], "")
	}
	return name
}

// set takes one member. It returns what is wrong with it, "" for nothing.
func (a *asked) set(name string, value any, again bool) string {
	texts := map[string]*string{"client": &a.client, "endpoint": &a.endpoint, "fault": &a.fault}
	numbers := map[string]**int{"status": &a.status, "delay_ms": &a.delayMS, "times": &a.howOften}
	switch {
	case again:
		return "is there twice"
	case texts[name] != nil:
		text, ok := value.(string)
		if !ok {
			return "has to be a string"
		}
		*texts[name] = text
	case numbers[name] != nil:
		number, ok := value.(json.Number)
		if !ok {
			return "has to be a whole number"
		}
		n, err := whole(number.String())
		if err != nil {
			return "has to be a whole number"
		}
		*numbers[name] = &n
	default:
		return "is not a field of a fault; those are client, endpoint, fault, status, delay_ms and times"
	}
	return ""
}

// whole reads a number; one that is too large for an int is the largest, which
// is beyond every rule.
func whole(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		return n, nil
	}
	return n, err
}

// readForm reads a fault from the page's form, in which an empty field is one
// that was left out. A form that was parsed before is taken as it is: its body
// has been read.
func readForm(w http.ResponseWriter, r *http.Request) (a asked, p *problem) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); isTooLarge(err) {
		return a, tooLarge()
	} else if err != nil {
		return a, newProblem(http.StatusUnprocessableEntity, "The form cannot be read.")
	}
	for _, name := range []string{"client", "endpoint", "fault", "status", "delay_ms", "times"} {
		values := r.PostForm[name]
		if len(values) > 1 {
			return a, newProblem(http.StatusUnprocessableEntity, name+" was sent twice.")
		}
		if len(values) == 0 || values[0] == "" {
			continue
		}
		var value any = values[0]
		if name == "status" || name == "delay_ms" || name == "times" {
			value = json.Number(strings.TrimSpace(values[0]))
		}
		if why := a.set(name, value, false); why != "" {
			return a, newProblem(http.StatusUnprocessableEntity, fmt.Sprintf("%s %s.", name, why))
		}
	}
	return a, nil
}
