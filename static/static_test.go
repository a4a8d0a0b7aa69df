package static

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(path string) *http.Response {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Result()
}

func TestEveryAssetIsServedForEverWithItsType(t *testing.T) {
	for name, kind := range map[string]string{
		"base.css":                     "text/css; charset=utf-8",
		"flow/ticket.css":              "text/css; charset=utf-8",
		"inspector/frame.css":          "text/css; charset=utf-8",
		"favicon.svg":                  "image/svg+xml",
		"handover.js":                  "text/javascript; charset=utf-8",
		"fonts/inter.woff2":            "font/woff2",
		"fonts/jetbrains-mono.woff2":   "font/woff2",
		"app/main.js":                  "text/javascript; charset=utf-8",
		"app/screens/week.js":          "text/javascript; charset=utf-8",
		"app/app.css":                  "text/css; charset=utf-8",
		"app/manifest.webmanifest":     "application/manifest+json",
		"app/icon.svg":                 "image/svg+xml",
		"app/icon-192.png":             "image/png",
		"app/icon-512.png":             "image/png",
		"fonts/inter-OFL.txt":          "text/plain; charset=utf-8",
		"fonts/jetbrains-mono-OFL.txt": "text/plain; charset=utf-8",
	} {
		a := get(Path(name))
		if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %d %q, want 200 %q", name, a.StatusCode, a.Header.Get("Content-Type"), kind)
		}
		// RFC 8246: a cached copy is good without asking again, because another content has another address.
		if got := a.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: may be sniffed", name)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, path := range []string{
		"/static/", Path(""), Path("fonts"), Path("fonts/"), Path("static.go"), Path("../static.go"), Path("nothing.css"),
		"/static/base.css", strings.Replace(Path("base.css"), prefix, "/static/000000000000/", 1),
	} {
		a := get(path)
		if a.StatusCode != http.StatusNotFound || a.Header.Get("Cache-Control") != "" {
			t.Errorf("%s: %d, Cache-Control %q", path, a.StatusCode, a.Header.Get("Cache-Control"))
		}
	}
}

// The fonts' licence asks that it goes wherever they go, and the stylesheet
// reaches nothing outside this tree.
func TestTheStylesheetNamesOnlyWhatIsHere(t *testing.T) {
	urls := regexp.MustCompile(`url\("?([^")]+)"?\)`).FindAllStringSubmatch(stylesheet(t), -1)
	if len(urls) != 2 {
		t.Fatalf("%d addresses in the stylesheet, want the two fonts", len(urls))
	}
	for _, u := range urls {
		font, err := files.ReadFile(u[1])
		if err != nil || string(font[:4]) != "wOF2" {
			t.Errorf("%s is no font of ours (%v)", u[1], err)
		}
		licence, err := files.ReadFile(strings.Replace(u[1], ".woff2", "-OFL.txt", 1))
		if err != nil || !strings.Contains(string(licence), "SIL OPEN FONT LICENSE Version 1.1") {
			t.Errorf("%s goes without its licence (%v)", u[1], err)
		}
	}
	if strings.Contains(stylesheet(t), "@import") {
		t.Error("the stylesheet imports another one")
	}
}

func TestEveryTokenThatIsUsedIsDefined(t *testing.T) {
	css := stylesheet(t)
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`(--[a-z0-9-]+):`).FindAllStringSubmatch(css, -1) {
		defined[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`var\((--[a-z0-9-]+)`).FindAllStringSubmatch(css, -1) {
		if !defined[m[1]] {
			t.Errorf("%s is used and never defined", m[1])
		}
	}
}

// stylesheet is every sheet that is not the phone app's, which has its own test.
func stylesheet(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".css" || path.Dir(name) == "app" {
			return err
		}
		css, err := files.ReadFile(name)
		all.WriteString("\n")
		all.Write(css)
		return err
	})
	if err != nil || all.Len() == 0 {
		t.Fatalf("no stylesheet: %v", err)
	}
	return all.String()
}
