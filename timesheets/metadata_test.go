package timesheets

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
)

// RFC 9728 2: the document names this resource, its issuer byte for byte, and
// exactly the scopes that operations ask for.
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
	want := slices.Sorted(slices.Values(append([]string{"batch:upload"}, everyScope...)))
	if m.Resource != tokenAudience || !slices.Equal(m.Servers, []string{tokenIssuer}) || !slices.Equal(m.Scopes, want) || !slices.Equal(m.Methods, []string{"header"}) || m.Name != "Timesheets" || m.Docs != docs {
		t.Errorf("%+v", m)
	}
	if kind := rec.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
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
