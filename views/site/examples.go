package site

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/exampleco/punchcard/views/site/page"
)

// call is one request, as the examples send it.
type call struct {
	Method, URL string
	Headers     []callHeader
	Body        string // JSON, indented; "" for none
	Answers     bool   // with JSON, rather than nothing
}

// callHeader has a value, or is made afresh for each request.
type callHeader struct {
	Name, Value string
	Fresh       bool
}

// examples is the operation in each language. The token is read from the
// environment, because one that stands in a program ends in its history.
func examples(base string, op page.ReferenceOperation) []page.ReferenceExample {
	c := newCall(base, op)
	return []page.ReferenceExample{
		{Language: "curl", Code: c.curl()},
		{Language: "JavaScript", Code: c.in(javaScript)},
		{Language: "Go", Code: c.in(goProgram)},
	}
}

func newCall(base string, op page.ReferenceOperation) call {
	c := call{Method: op.Method}
	path, query := op.Path, url.Values{}
	for _, p := range op.Parameters {
		value := p.Example
		if value == "" && (p.Required || p.In == "path") {
			value = (&apiSchema{}).sampleText(p.Name)
		}
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case p.In == "query" && value != "":
			query.Set(p.Name, value)
		case p.In == "header" && p.Name == "Idempotency-Key":
			c.Headers = append(c.Headers, callHeader{Name: p.Name, Fresh: true})
		case p.In == "header" && value != "":
			c.Headers = append(c.Headers, callHeader{Name: p.Name, Value: value})
		}
	}
	c.URL = base + path
	if len(query) > 0 {
		c.URL += "?" + query.Encode()
	}
	if op.Body != nil {
		c.Body = op.Body.Example
		c.Headers = append(c.Headers, callHeader{Name: "Content-Type", Value: op.Body.Type})
	}
	c.Answers = slices.ContainsFunc(op.Responses, func(r page.ReferenceResponse) bool {
		return strings.HasPrefix(r.Status, "2") && len(r.Bodies) > 0
	})
	return c
}

// curl is the call for a shell.
func (c call) curl() string {
	lines := []string{"curl -s"}
	if c.Method != "GET" {
		lines[0] += " -X " + quoted(c.Method)
	}
	lines[0] += " " + quoted(c.URL)
	lines = append(lines, `-H "Authorization: Bearer $TOKEN"`)
	for _, h := range c.Headers {
		if h.Fresh {
			lines = append(lines, `-H "`+h.Name+`: $(openssl rand -hex 16)"`)
		} else {
			lines = append(lines, "-H "+quoted(h.Name+": "+h.Value))
		}
	}
	if c.Body != "" {
		lines = append(lines, "--data-raw "+quoted(c.Body))
	}
	return strings.Join(lines, " \\\n  ")
}

func (c call) in(t *template.Template) string {
	var out strings.Builder
	if err := t.Execute(&out, c); err != nil {
		panic(err) // the template and call stand in this file
	}
	return strings.TrimSpace(out.String())
}

var quoting = template.FuncMap{
	"js":     func(s string) string { return string(marshal(s)) },
	"go":     strconv.Quote,
	"goBody": goText,
	"nested": func(s string) string { return strings.ReplaceAll(s, "\n", "\n  ") },
}

// goText is a string literal, raw where it can be.
func goText(s string) string {
	if strconv.CanBackquote(strings.ReplaceAll(s, "\n", "")) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

var javaScript = template.Must(template.New("js").Funcs(quoting).Parse(`
const token = process.env.TOKEN // in a browser: from the sign-in, kept in memory

const response = await fetch({{js .URL}}, {
  method: {{js .Method}},
  headers: {
    Authorization: ` + "`Bearer ${token}`" + `,
{{- range .Headers}}
    {{js .Name}}: {{if .Fresh}}crypto.randomUUID(){{else}}{{js .Value}}{{end}},
{{- end}}
  },
{{- with .Body}}
  body: JSON.stringify({{nested .}}),
{{- end}}
})
if (!response.ok) throw new Error(` + "`${response.status} ${await response.text()}`" + `)
console.log({{if .Answers}}await response.json(){{else}}response.status{{end}})
`))

var goProgram = template.Must(template.New("go").Funcs(quoting).Parse(`
package main

import (
{{- range .Headers}}{{if .Fresh}}
	"crypto/rand"{{end}}{{end}}
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
{{- if .Body}}
	"strings"
{{- end}}
)

func main() {
{{- if .Body}}
	body := strings.NewReader({{goBody .Body}})
{{- end}}
	req, err := http.NewRequest({{go .Method}}, {{go .URL}}, {{if .Body}}body{{else}}nil{{end}})
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("TOKEN"))
{{- range .Headers}}
	req.Header.Set({{go .Name}}, {{if .Fresh}}rand.Text(){{else}}{{go .Value}}{{end}})
{{- end}}

	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status)
	fmt.Println(string(answer))
}
`))
