package timesheets

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type object = map[string]any

// at follows names down into a document, and fails where one is missing.
func at(t testing.TB, v any, names ...string) any {
	t.Helper()
	for _, name := range names {
		o, _ := v.(object)
		next, ok := o[name]
		if !ok {
			t.Fatalf("the document has no %q of %q", name, names)
		}
		v = next
	}
	return v
}

func (w *world) openAPI() object {
	return decoded[object](w.send(mustRequest(w.t, "GET", w.server.URL+"/api/openapi.json")))
}

func mustRequest(t testing.TB, method, url string) *http.Request {
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// operations walks the document as it is served.
func operations(t testing.TB, document object, f func(method, path string, op object)) {
	t.Helper()
	for path, item := range at(t, document, "paths").(object) {
		for method, op := range item.(object) {
			f(strings.ToUpper(method), path, op.(object))
		}
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	w := newWorld(t)
	get := func(method string, header ...string) *http.Response {
		r := mustRequest(t, method, w.server.URL+"/api/openapi.json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	resp := get("GET")
	tag := resp.Header.Get("ETag")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" || tag == "" || resp.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if again := get("GET", "If-None-Match", tag); again.StatusCode != 304 {
		t.Errorf("unchanged: %d", again.StatusCode)
	}
	if other := get("GET", "If-None-Match", `"x"`); other.StatusCode != 200 {
		t.Errorf("changed: %d", other.StatusCode)
	}
	if head := get("HEAD"); head.StatusCode != 200 || head.ContentLength != resp.ContentLength || head.Header.Get("ETag") != tag {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
	other := newWorld(t, func(c *Config) { c.Issuer = "https://other.example" })
	if got, err := http.Get(other.server.URL + "/api/openapi.json"); err != nil || got.Header.Get("ETag") == tag {
		t.Errorf("two documents have one ETag: %v", err)
	}
}

// The scopes of the document are the ones that are enforced, by exactly the
// answers that the contract gives.
func TestTheDocumentIsTheBehaviour(t *testing.T) {
	w := newWorld(t)
	document := w.openAPI()
	// A tool asks a person for all that a scheme lists, so machines have their own.
	schemes := at(t, document, "components", "securitySchemes")
	person, machine := at(t, schemes, "oauth2", "flows", "authorizationCode", "scopes").(object), at(t, schemes, "clientCredentials", "flows", "clientCredentials", "scopes").(object)
	if len(at(t, schemes, "oauth2", "flows").(object)) != 1 || len(at(t, schemes, "clientCredentials", "flows").(object)) != 1 {
		t.Error("a scheme has a flow of the other kind")
	}
	n := 0
	operations(t, document, func(method, path string, op object) {
		n++
		route := method + " " + strings.ReplaceAll(path, "{id}", "ts_unknown")
		requirements := op["security"].([]any)
		want := map[string]int{"GET /api/me": 2}[route] // of either kind
		if len(requirements) != max(want, 1) {
			t.Fatalf("%s: security %v", route, requirements)
		}
		scheme := map[bool]string{true: "clientCredentials", false: "oauth2"}[route == "POST /api/timesheets/upload"]
		var scopes []string
		for _, s := range at(t, requirements[0], scheme).([]any) {
			scopes = append(scopes, s.(string))
		}
		if want := contract[route]; strings.Join(scopes, " ") != want {
			t.Errorf("%s documents %q, the contract says %q", route, scopes, want)
		}
		challenge := w.do("", route, "").want(401).header.Get("WWW-Authenticate")
		if !strings.HasPrefix(challenge, "Bearer") || strings.Contains(challenge, "error") {
			t.Errorf("%s without a token: %s", route, challenge)
		}
		of := func(scopes ...string) string { return w.token("usr_grace", scopes...) }
		if len(scopes) == 1 && machine[scopes[0]] != nil {
			of = w.machine
		}
		others := slices.Collect(maps.Keys(person))
		others = slices.DeleteFunc(append(others, slices.Collect(maps.Keys(machine))...), func(s string) bool { return slices.Contains(scopes, s) })
		if len(scopes) > 0 {
			challenge = w.do(of(others...), route, "").want(403).header.Get("WWW-Authenticate")
			if !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `, scope="`+strings.Join(scopes, " ")+`"`) {
				t.Errorf("%s without its scope: %s", route, challenge)
			}
		}
		if r := w.do(of(scopes...), route, ""); r.status == 401 || r.status == 403 {
			t.Errorf("%s with exactly its scope: %d", route, r.status)
		}
		for _, scope := range scopes {
			if (person[scope] == nil) == (machine[scope] == nil) {
				t.Errorf("%s: %s has to be in exactly one flow", route, scope)
			}
		}
	})
	if n != len(contract) {
		t.Errorf("%d operations, the contract has %d", n, len(contract))
	}
	if got := slices.Sorted(maps.Keys(machine)); !slices.Equal(got, []string{"batch:upload"}) || len(person) != 4 {
		t.Errorf("flows: %v, %v", person, got)
	}
}

func TestTheDocumentIsOpenAPI31(t *testing.T) {
	w := newWorld(t)
	document := w.openAPI()
	if v := at(t, document, "openapi"); !strings.HasPrefix(v.(string), "3.1.") {
		t.Errorf("openapi %v", v)
	}
	server := at(t, document, "servers").([]any)[0].(object)["url"]
	flows := at(t, document, "components", "securitySchemes", "oauth2", "flows")
	machine := at(t, document, "components", "securitySchemes", "clientCredentials", "flows")
	for want, got := range map[string]any{
		"https://as.example": server, "https://as.example/authorize": at(t, flows, "authorizationCode", "authorizationUrl"),
		"https://as.example/oauth/token": at(t, machine, "clientCredentials", "tokenUrl"),
	} {
		if got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	if got := at(t, flows, "authorizationCode", "tokenUrl"); got != "https://as.example/oauth/token" {
		t.Errorf("tokenUrl %v", got)
	}
	refs := regexp.MustCompile(`"\$ref":"([^"]*)"`).FindAllStringSubmatch(mustJSON(t, document), -1)
	if len(refs) == 0 {
		t.Error("no references")
	}
	used := map[string]bool{}
	for _, ref := range refs {
		used[strings.TrimPrefix(ref[1], "#/components/schemas/")] = true
		at(t, document, strings.Split(strings.TrimPrefix(ref[1], "#/"), "/")...)
	}
	for name, schema := range at(t, document, "components", "schemas").(object) {
		if !used[name] {
			t.Errorf("schema %s is not used", name)
		}
		for field, property := range at(t, schema, "properties").(object) {
			if ref := property.(object)["$ref"]; ref == nil && property.(object)["description"] == nil {
				t.Errorf("%s of %s is not described", field, name)
			}
		}
	}
	tags := map[any]bool{}
	for _, tag := range at(t, document, "tags").([]any) {
		tags[at(t, tag, "name")] = at(t, tag, "description") != ""
	}
	ids := map[any]bool{}
	operations(t, document, func(method, path string, op object) {
		id := at(t, op, "operationId")
		if ids[id] {
			t.Errorf("%s occurs twice", id)
		}
		ids[id] = true
		for _, name := range []string{"summary", "description"} {
			if at(t, op, name) == "" {
				t.Errorf("%s has no %s", id, name)
			}
		}
		if tag := at(t, op, "tags").([]any); len(tag) != 1 || !tags[tag[0]] {
			t.Errorf("%s: tags %v", id, tag)
		}
		checkParameters(t, path, op)
		checkResponses(t, document, method, op)
	})
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkParameters wants each part of the path declared, and no more.
func checkParameters(t *testing.T, path string, op object) {
	t.Helper()
	var inPath, all []string
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		name, in := at(t, p, "name").(string), at(t, p, "in").(string)
		all = append(all, in+" "+name)
		if d, _ := p.(object)["description"].(string); d == "" {
			t.Errorf("%s: %s is not described", op["operationId"], name)
		}
		if in == "path" {
			inPath = append(inPath, "{"+name+"}")
			if p.(object)["required"] != true {
				t.Errorf("%s: %s is not required", op["operationId"], name)
			}
		}
	}
	if want := regexp.MustCompile(`{[^}]*}`).FindAllString(path, -1); !slices.Equal(inPath, want) {
		t.Errorf("%s: path parameters %q, want %q", path, inPath, want)
	}
	slices.Sort(all)
	if want := documentedParameters[op["operationId"].(string)]; strings.Join(all, ", ") != want {
		t.Errorf("%s: parameters %q, want %q", op["operationId"], strings.Join(all, ", "), want)
	}
}

// What the contract's table lets a client send, beside the body.
var documentedParameters = map[string]string{
	"list-timesheets":   "query cursor, query from, query limit, query project, query status, query to",
	"create-timesheet":  "header Idempotency-Key",
	"get-timesheet":     "path id",
	"replace-timesheet": "header If-Match, path id",
	"delete-timesheet":  "header If-Match, path id",
	"list-approvals":    "query cursor, query limit",
	"decide-approval":   "path id",
	"upload-timesheets": "header Idempotency-Key",
}

// The statuses and headers that the contract names for each operation, beside
// 401, 403 and 503, which all have, and 400, 413 and 415 of those with a body.
var documentedResponses = map[string]struct{ statuses, headers string }{
	"list-timesheets":   {"200 400 422", "Content-Disposition Link"},
	"create-timesheet":  {"201 422 body", "ETag Idempotency-Replayed Location"},
	"get-timesheet":     {"200 404", "ETag"},
	"replace-timesheet": {"200 404 409 412 422 428 body", "ETag"},
	"delete-timesheet":  {"204 404 409 412 422", ""},
	"list-approvals":    {"200 400 422", "Link"},
	"decide-approval":   {"200 404 409 422 body", "ETag"},
	"upload-timesheets": {"201 422 body", "Idempotency-Replayed"},
	"get-me":            {"200", ""},
}

func checkResponses(t *testing.T, document object, method string, op object) {
	t.Helper()
	id := op["operationId"].(string)
	want := documentedResponses[id]
	responses := at(t, op, "responses").(object)
	statuses := slices.Sorted(maps.Keys(responses))
	expected := strings.Fields(strings.ReplaceAll(want.statuses, "body", "400 413 415") + " 401 403 503 default")
	slices.Sort(expected)
	if !slices.Equal(statuses, slices.Compact(expected)) {
		t.Errorf("%s: responses %q, want %q", id, statuses, expected)
	}
	for status, r := range responses {
		if d := at(t, r, "description").(string); len(d) < 10 || d == http.StatusText(404) {
			t.Errorf("%s %s: description %q", id, status, d)
		}
		if status[0] == '2' {
			headers, _ := r.(object)["headers"].(object)
			if got := strings.Join(slices.Sorted(maps.Keys(headers)), " "); got != want.headers {
				t.Errorf("%s: headers %q, want %q", id, got, want.headers)
			}
			for name := range headers {
				if at(t, headers, name, "description") == "" {
					t.Errorf("%s: %s is not described", id, name)
				}
			}
			continue
		}
		at(t, r, "content", "application/problem+json", "schema", "$ref")
	}
	if id == "list-timesheets" {
		at(t, responses, "200", "content", "text/csv; charset=utf-8; header=present", "schema")
	}
	_, hasBody := op["requestBody"]
	if hasBody != (method == "POST" || method == "PUT") {
		t.Errorf("%s: requestBody %v", id, hasBody)
	}
}
