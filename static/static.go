// Package static has the assets that pages use, embedded under one content
// hash for the whole tree: a path prefix, so that files can refer to one
// another by relative addresses, and browsers may keep them for ever.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed punchcard.css favicon.svg fonts
var files embed.FS

// prefix changes whenever any file does.
var prefix = "/static/" + treeHash() + "/"

func treeHash() string {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		h.Write([]byte(path))
		h.Write(content)
		return err
	})
	if err != nil {
		panic(err) // an embedded file that cannot be read is a broken build
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Path returns the address of an asset, such as "punchcard.css".
func Path(name string) string { return prefix + name }

// Handler serves the assets below /static/; an old hash is 404, because its
// content is gone.
func Handler() http.Handler {
	server := http.StripPrefix(prefix, http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, prefix)
		if info, err := fs.Stat(files, name); !ok || err != nil || info.IsDir() {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if strings.HasSuffix(name, ".woff2") {
			w.Header().Set("Content-Type", "font/woff2") // not in every machine's table of types
		}
		server.ServeHTTP(w, r)
	})
}
