package timesheets

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// RFC 9728 2: the document names this resource, its issuer byte for byte, and
// exactly the scopes that operations ask people for. Clients ask for the whole
// list, so what only a machine can have is not on it.
func TestMetadata(t *testing.T) {
	rec := httptest.NewRecorder()
	const docs = "https://as.example/docs"
	newWorld(t, func(c *Config) { c.Documentation = docs }).api.Metadata().ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	var m struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported"`
		Methods  []string `json:"bearer_methods_supported"`
		Name     string   `json:"resource_name"`
		Docs     string   `json:"resource_documentation"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(slices.Sorted(slices.Values(everyScope)), func(s string) bool { return s == "batch:upload" })
	if m.Resource != tokenAudience || !slices.Equal(m.Servers, []string{tokenIssuer}) || !slices.Equal(m.Scopes, want) || !slices.Equal(m.Methods, []string{"header"}) || m.Name != "Timesheets" || m.Docs != docs {
		t.Errorf("%+v", m)
	}
	if kind := rec.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
}

// RFC 9728 3.3: a client that was sent to the metadata by a 401 MUST find the URL
// that it called as the resource, and must not use the document otherwise. So
// there is one for each path that a 401 can name, and for no other.
func TestMetadataOfWhatWasCalled(t *testing.T) {
	const root = "https://as.example"
	w := newWorld(t, func(c *Config) { c.ResourceMetadata = root + "/.well-known/oauth-protected-resource/api" })
	read := func(path string) (status int, resource string) {
		rec := httptest.NewRecorder()
		w.api.Metadata().ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		var m struct{ Resource string }
		_ = json.Unmarshal(rec.Body.Bytes(), &m)
		return rec.Code, m.Resource
	}
	w.each(func(route string, op *huma.Operation) {
		_, called, _ := strings.Cut(route, " ")
		challenge := w.do("", route, "").want(401).header.Get("WWW-Authenticate")
		_, at, _ := strings.Cut(challenge, `resource_metadata="`)
		at = strings.TrimPrefix(strings.TrimSuffix(at, `"`), root)
		if status, resource := read(at); status != 200 || resource != root+called {
			t.Errorf("%s was called, %s says %d %q", called, at, status, resource)
		}
	})
	for _, path := range []string{"/api/", "/api/nothing", "/api/timesheets/", "/api//timesheets", "/api/timesheets/a/b", "/api/openapi.json"} {
		if status, resource := read(pathWellKnown + path); status != 404 {
			t.Errorf("%s: %d %q, want 404", path, status, resource)
		}
	}
	if status, resource := read(pathWellKnown + "/api"); status != 200 || resource != tokenAudience {
		t.Errorf("the API itself: %d %q", status, resource)
	}
}

func TestServerOfAnIdentifierThatIsNoAddress(t *testing.T) {
	for audience, want := range map[string]string{
		"http://localhost:8484/api": "http://localhost:8484", "https://api.example/api": "https://api.example", "https://api.example": "/",
		"urn:timesheets": "/", "timesheets/api": "/", "/api": "/", "ftp://x/api": "/",
	} {
		if got := serverOf(audience); got != want {
			t.Errorf("%s: %s, want %s", audience, got, want)
		}
	}
}
