package sqlite

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// locate resolves path to where the file is or will be, so that one file has
// one lock, whatever name was given.
func locate(path string) (string, error) {
	refuse := func(detail, fix string) (string, error) {
		return "", &RefusedError{Path: path, Reason: ErrPath, Detail: detail, Fix: fix}
	}
	const fix = "name an ordinary file with --db"
	switch {
	case path == "":
		return refuse("", fix)
	case path == ":memory:":
		// A pool of connections would be as many separate databases, all lost
		// at the end.
		return refuse("a database in memory keeps nothing", fix)
	case strings.HasPrefix(path, "file:"):
		return refuse("a URI could switch off the rules that the file needs", fix)
	case strings.ContainsRune(path, 0):
		return refuse("it contains a NUL byte", fix)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return refuse(err.Error(), fix)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		info, err := os.Stat(real)
		if err == nil && !info.Mode().IsRegular() {
			return refuse("it is not an ordinary file", fix)
		}
		return real, nil
	}
	if _, err := os.Lstat(abs); err == nil {
		return refuse("it is a link to nothing, or cannot be followed", fix)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if errors.Is(err, os.ErrNotExist) {
		return refuse("the directory does not exist", "create it, or use --db with another file")
	}
	if err != nil {
		return refuse(err.Error(), fix)
	}
	return filepath.Join(dir, filepath.Base(abs)), nil
}

// uri writes a path as SQLite reads it: '?', '#' and '%' are ordinary
// characters of a file name, and must not begin a query or an escape.
func uri(place string, query url.Values) string {
	p := filepath.ToSlash(place)
	if runtime.GOOS == "windows" && !strings.HasPrefix(p, "/") {
		p = "/" + p // file:///C:/dir/name
	}
	u := url.URL{Scheme: "file", Path: p, RawQuery: query.Encode()}
	return u.String()
}
