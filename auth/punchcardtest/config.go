package punchcardtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/seed"
)

// Config writes a configuration for --config and returns its path. It is the
// built-in one with its own secrets, changed by edit, which must change
// something.
func Config(t testing.TB, edit func(string) string) string {
	t.Helper()
	text := string(seed.Builtin())
	for _, id := range []string{"timesheets-cron", "timesheets-web", "timesheets-legacy", "timesheets-gateway"} {
		text = strings.ReplaceAll(text, id+"-secret", id+"-"+strings.Repeat("secret", 6))
	}
	changed := edit(text)
	if changed == text {
		t.Fatal("the edit changed nothing")
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Without removes one entry of a list from a configuration.
func Without(id string) func(string) string {
	return func(text string) string {
		return regexp.MustCompile(`(?m)^  - id: `+id+`\n(?:    .*\n|\n)*`).ReplaceAllString(text, "")
	}
}

// Replacing changes the first occurrence of a text.
func Replacing(old, new string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, new, 1) }
}
