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
	"path"
	"strings"
)

//go:embed base.css sections.css parts.css account.css favicon.svg handover.js fonts flow site app docs inspector
var files embed.FS

// types are those that not every machine's table has, or has right. A module
// whose type is not a script's is refused by browsers.
var types = map[string]string{
	".js":          "text/javascript; charset=utf-8",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

// prefix changes whenever any file does.
var prefix = "/static/" + treeHash() + "/"

func treeHash() string {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		h.Write([]byte(name))
		h.Write(content)
		return err
	})
	if err != nil {
		panic(err) // an embedded file that cannot be read is a broken build
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Path returns the address of an asset, such as "base.css".
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
		if kind := types[path.Ext(name)]; kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		server.ServeHTTP(w, r)
	})
}
