package client

import (
	"fmt"
	"strings"
)

// Exit codes of the commands; everything else that goes wrong is 1.
const (
	exitFailure   = 1
	exitUsage     = 2
	exitForbidden = 4
)

// failure is what a person reads when a command does not do what they asked:
// what happened, and the command that helps.
type failure struct {
	text, advice string
	code         int
	cause        error
}

func (f *failure) Error() string {
	if f.advice == "" {
		return f.text
	}
	return f.text + "\n" + f.advice
}

func (f *failure) ExitCode() int { return f.code }
func (f *failure) Unwrap() error { return f.cause }

func fail(text, advice string) *failure {
	return &failure{text: text, advice: advice, code: exitFailure}
}

func usage(format string, args ...any) *failure {
	return &failure{text: fmt.Sprintf(format, args...), code: exitUsage}
}

func (f *failure) because(err error) *failure { f.cause = err; return f }

// oauthError is an error in the protocol's words: RFC 6749 4.1.2.1 and 5.2.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) Error() string {
	if e.Description == "" {
		return plain(e.Code)
	}
	return strings.TrimSuffix(plain(e.Description), ".") + " (" + plain(e.Code) + ")"
}

// command is one of ours to copy, for the same server.
func (a *app) command(words ...string) string {
	out := []string{"punchcard", words[0]}
	if a.server != defaultServer {
		out = append(out, "--server", quoted(a.server))
	}
	for _, word := range words[1:] {
		out = append(out, quoted(word))
	}
	return strings.Join(out, " ")
}

// quoted is a word as a shell takes it for one.
func quoted(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~:/@%+=,", c))
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
