package punchcardtest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// template is a file as a first start leaves it, with keys and password
// hashes. Making these for each test would take longer than most tests.
var template struct {
	once sync.Once
	file []byte
}

// Template copies that file to a path where no file exists yet, for a test
// that starts its server by itself.
func Template(t testing.TB, place string) {
	t.Helper()
	template.once.Do(func() {
		o := chosen(nil)
		o.file = filepath.Join(t.TempDir(), "first.db")
		if err := start(t, o).Stop(); err != nil {
			t.Fatalf("the first start: %v", err)
		}
		var err error
		if template.file, err = os.ReadFile(o.file); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.WriteFile(place, template.file, 0o600); err != nil {
		t.Fatal(err)
	}
}
