package static

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// modules are the scripts of the phone app, by name.
func modules(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(files, "app", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".js" {
			content, err := files.ReadFile(name)
			found[name] = string(content)
			return err
		}
		return err
	})
	if err != nil || len(found) < 10 {
		t.Fatalf("%d modules: %v", len(found), err)
	}
	return found
}

// There is no bundler to notice a module that is missing, or one that nobody
// needs any more.
func TestEveryModuleIsThereAndNeeded(t *testing.T) {
	imports := regexp.MustCompile(`from '([^']+)'`)
	needed := map[string]bool{"app/main.js": true}
	for name, content := range modules(t) {
		for _, m := range imports.FindAllStringSubmatch(content, -1) {
			target := path.Join(path.Dir(name), m[1])
			if target == "docs/handover.js" { // the reference's own, which asks to be the first
				continue
			}
			if !strings.HasPrefix(m[1], ".") || !strings.HasPrefix(target, "app/") {
				t.Errorf("%s imports %s, which is not the app's own", name, m[1])
			}
			needed[target] = true
		}
	}
	for name := range modules(t) {
		if !needed[name] {
			t.Errorf("%s is imported by nobody", name)
		}
		delete(needed, name)
	}
	for name := range needed {
		t.Errorf("%s is imported and not there", name)
	}
}

// What a module makes has its style in a sheet that the app's page sends; calm is
// a note without a colour of its own.
func TestWhatModulesMakeIsStyled(t *testing.T) {
	sheets := ""
	for _, name := range []string{"base.css", "app/app.css", "app/screens.css", "app/forms.css", "app/beside.css"} {
		css, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sheets += string(css)
	}
	for name, content := range modules(t) {
		for _, m := range regexp.MustCompile(`class: '([^']*)'`).FindAllStringSubmatch(content, -1) {
			for _, class := range strings.Fields(m[1]) {
				if class != "calm" && !regexp.MustCompile(`\.`+class+`[^a-z0-9-]`).MatchString(sheets) {
					t.Errorf("%s: no style for %q", name, class)
				}
			}
		}
	}
}

// What a page says about a person comes from people: no module makes markup of
// text, runs text, keeps a token, or knows another PKCE than S256.
func TestWhatModulesNeverDo(t *testing.T) {
	never := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|document\.cookie|indexedDB|challenge_method: '?plain`)
	stores := regexp.MustCompile(`sessionStorage\.setItem\(([A-Z]+),`)
	kept := map[string]bool{"STASH": true, "WAS": true, "DRAFT": true} // a sign-in under way, scopes, what was typed
	for name, content := range modules(t) {
		if found := never.FindString(content); found != "" {
			t.Errorf("%s has %s", name, found)
		}
		for _, m := range stores.FindAllStringSubmatch(content, -1) {
			if !kept[m[1]] {
				t.Errorf("%s stores %s", name, m[1])
			}
		}
		if n := strings.Count(content, "\n"); n >= 300 {
			t.Errorf("%s has %d lines", name, n)
		}
	}
}

// What makes an app installable: a name, a start inside its scope, icons of
// 192 and 512 pixels that are there.
func TestTheManifest(t *testing.T) {
	content, err := files.ReadFile("app/manifest.webmanifest")
	var m struct {
		Name     string `json:"name"`
		StartURL string `json:"start_url"`
		Scope    string `json:"scope"`
		Display  string `json:"display"`
		Icons    []struct{ Src, Sizes, Type string }
	}
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	if err != nil || m.Name == "" || m.StartURL != "/app/" || m.Scope != "/app/" || m.Display != "standalone" {
		t.Errorf("%v %+v", err, m)
	}
	sizes := map[string]bool{}
	for _, icon := range m.Icons {
		sizes[icon.Sizes] = true
		if _, err := files.ReadFile("app/" + icon.Src); err != nil {
			t.Error(err)
		}
	}
	if !sizes["192x192"] || !sizes["512x512"] {
		t.Errorf("icons of %v", sizes)
	}
}
