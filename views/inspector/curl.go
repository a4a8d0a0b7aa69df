package inspector

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/exampleco/punchcard/views/inspector/record"
)

// curl is the request as a command for a POSIX shell. It sends the same method,
// target, header fields and body, and it runs nothing else: whoever sent the
// request chose all of these, and somebody else pastes the command. Names of
// header fields are written as Go writes them, and Content-Length is curl's
// own. What was never kept has to be filled in.
func curl(x *record.Exchange, base string) string {
	c := &command{}
	c.words("curl", "-i")
	c.version(x.Proto, base)
	c.method(x)
	c.target(x.Target, base)
	c.headers(x, base)
	command := c.body(x) + strings.Join(c.lines, " \\\n  ")
	if x.Partly || x.BodyCut > 0 {
		return ": 'The request is not kept whole, so this is not all of it.'\n" + command
	}
	return command
}

// command is a shell command while it is written, one option a line.
type command struct{ lines []string }

func (c *command) words(words ...string) {
	c.lines = append(c.lines, strings.Join(words, " "))
}

// more goes on with the last line.
func (c *command) more(words ...string) {
	c.lines[len(c.lines)-1] += " " + strings.Join(words, " ")
}

func (c *command) version(proto, base string) {
	switch {
	case proto == "HTTP/1.0":
		c.more("--http1.0")
	case proto == "HTTP/1.1" && strings.HasPrefix(base, "https:"):
		c.more("--http1.1") // else curl would agree on HTTP/2
	}
}

// method names what curl would not choose by itself.
func (c *command) method(x *record.Exchange) {
	switch {
	case x.Method == http.MethodGet && x.Body == "", x.Method == http.MethodPost && sendsBody(x):
	case x.Method == http.MethodHead && !sendsBody(x):
		c.more("-I") // with -X, curl would wait for the body of the answer
	case x.Method == http.MethodHead:
		c.more("-m 5 -X HEAD")
	default:
		c.more("-X", quoted(x.Method))
	}
}

// sendsBody is true also of an empty body that was announced as one.
func sendsBody(x *record.Exchange) bool {
	return x.Body != "" || x.Header.Get("Content-Length") == "0"
}

// plainTarget is what curl sends as it stands in a URL, unless it has
// dotSegments. In any other target it would look for ranges to expand, dots to
// resolve, or a fragment to leave out.
var (
	plainTarget = regexp.MustCompile(`^/[A-Za-z0-9_~/=&%+:@,;!$()*.-]*(\?[A-Za-z0-9_~/=&%+:@,;!$()*.-]+)?$`)
	dotSegments = regexp.MustCompile(`(?i)^[^?]*/(\.|%2e){1,2}(/|\?|$)`) // RFC 3986 5.2.4 and 6.2.2.2
)

func (c *command) target(target, base string) {
	if plainTarget.MatchString(target) && !dotSegments.MatchString(target) {
		c.more(quoted(base + target))
		return
	}
	c.more(quoted(base + "/"))
	c.words("--request-target", quoted(target))
}

// headers writes every field that was sent, and takes back those that curl
// would add.
func (c *command) headers(x *record.Exchange, base string) {
	if _, host, _ := strings.Cut(base, "://"); x.Host != host && x.Host != "" {
		c.words("-H", quoted("Host: "+x.Host))
	}
	names := make([]string, 0, len(x.Header))
	for name := range x.Header {
		if name != "Content-Length" && name != "Host" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range x.Header[name] {
			user, basic := strings.CutPrefix(value, "Basic ")
			switch {
			case basic && name == "Authorization" && strings.HasSuffix(user, ":"+record.Hidden) && written(user):
				c.words("-u", quoted(user))
			case value == "":
				c.words("-H", quoted(name+";")) // which is curl's way to write an empty one
			default:
				c.words("-H", quoted(name+": "+value))
			}
		}
	}
	for _, name := range []string{"Accept", "User-Agent", "Content-Type"} {
		if _, sent := x.Header[name]; !sent && (name != "Content-Type" || sendsBody(x)) {
			c.words("-H", quoted(name+":"))
		}
	}
}

// body adds the option that sends it. A body that cannot stand in a command
// (bytes that are no text, control characters that a terminal would obey when
// they are pasted) comes through a pipe: this returns its beginning.
func (c *command) body(x *record.Exchange) string {
	switch {
	case !sendsBody(x):
		return ""
	case written(strings.ReplaceAll(x.Body, "\n", "")):
		c.words("--data-raw", quote(x.Body)) // unlike --data it reads no file for a body that begins with @
		return ""
	}
	c.words("--data-binary", "@-")
	return "printf '" + octal(x.Body) + "' | "
}

// written says whether a text can be read on the screen and pasted as it is.
func written(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Command is a command for a POSIX shell in which each word is one word,
// whatever it holds.
func Command(words ...string) string {
	quotedWords := make([]string, len(words))
	for i, w := range words {
		quotedWords[i] = quoted(w)
	}
	return strings.Join(quotedWords, " ")
}

// plainWord means nothing more to a shell than to a reader.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// quoted is one word of a POSIX shell. What cannot be written is made by
// printf, a command that every such shell has.
func quoted(s string) string {
	switch {
	case plainWord.MatchString(s):
		return s
	case written(s):
		return quote(s)
	}
	return `"$(printf '` + octal(s) + `')"`
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// octal writes bytes as the format of POSIX printf that makes them.
func octal(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c < ' ' || c == 0x7f || strings.IndexByte(`'%\-`, c) >= 0 {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
