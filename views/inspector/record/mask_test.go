package record

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What shaped reads by hand is this.
var shapes = regexp.MustCompile(`pc[a-z]_[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*`)

func byShapes(s string) string {
	return shapes.ReplaceAllStringFunc(s, func(secret string) string { return NewValue(Token, secret).Mask })
}

func TestShapes(t *testing.T) {
	code, token := "pcc_"+strings.Repeat("a", 20), "eyJhbGciOi.eyJz.c2ln"
	for _, s := range []string{
		"", "p", "pc", "pcc", "pcc_", "eyJ", "eyJ.", "eyJabcd", "eyJabcd.", "eyJabcd..", "eyJabc..", "eyJabcd.x.y.z", "eyeyJabcd..", "pcpcc_" + code,
		code, code[:23], code + code, "/api/" + code + "/x", token, `"` + token + `"`, token + "." + token, "x" + token + code + " " + code + "é" + token, "pcC_" + code[4:], "pc1_" + code[4:],
	} {
		if got, want := shaped(s), byShapes(s); got != want {
			t.Errorf("%q is masked as %q, want %q", s, got, want)
		}
	}
}

func FuzzShapes(f *testing.F) {
	f.Add("pcc_aaaaaaaaaaaaaaaaaaaa eyJabcd.x.y")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := shaped(s), byShapes(s); got != want {
			t.Errorf("%q is masked as %q, want %q", s, got, want)
		}
	})
}

// A page that goes on by itself has the answer in a header: it is seen there,
// as in a redirect, and no more of it is written down.
func TestACodeInARefreshHeader(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	f := flowOf("ada")
	for i, step := range f.steps(w) {
		if i != 2 {
			step()
			continue
		}
		w.answer = func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			rw.Header().Set("Refresh", "0;url=http://127.0.0.1:9/callback?code=opaque-"+f.code+"&state=the-state-ada")
			rw.WriteHeader(200)
		}
		w.send("/authorize?flow="+f.handle, nil)
	}
	run := w.run(1)
	x := run.Exchanges[2]
	if to := x.Redirect(); to == nil || to.Path != "/callback" || x.Returned().Get("code") != "opaque-"+f.code {
		t.Errorf("it leads to %v with %v", to, x.Returned())
	}
	if kinds := w.kinds(1); kinds != whole {
		t.Errorf("the run: %s", kinds)
	}
	if kept := strings.Join(run.Masked().Exchanges[2].Answer["Refresh"], ""); strings.Contains(kept, f.code) || !strings.Contains(kept, "callback") {
		t.Errorf("kept: %s", kept)
	}
}
