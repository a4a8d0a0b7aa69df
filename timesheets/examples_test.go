package timesheets

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// Every example keeps its schema, and what the document says to send is taken.
func TestExamplesAreReal(t *testing.T) {
	w := newWorld(t)
	document := w.openAPI()
	ada, alan, grace := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...), w.token("usr_grace", everyScope...)
	taken := 0
	operations(t, document, func(method, path string, op object) {
		id := op["operationId"].(string)
		if body, ok := op["requestBody"]; ok {
			media := at(t, body, "content", "application/json")
			w.keeps(id+" request", at(t, media, "schema"), at(t, media, "example"))
			token, extra, status := ada, []string{}, 201
			switch id {
			case "upload-timesheets":
				token = w.machine("batch:upload")
			case "replace-timesheet":
				path, extra, status = "/api/timesheets/"+w.add(ada, "2026-03-01", 1).ID, []string{"If-Match", "*"}, 200
			case "decide-approval":
				path, token, status = "/api/approvals/"+w.add(alan, "2026-03-01", 1).ID, grace, 200
			}
			w.do(token, method+" "+path, mustJSON(t, at(t, media, "example")), extra...).want(status)
			taken++
		}
		for status, r := range at(t, op, "responses").(object) {
			content, _ := r.(object)["content"].(object)
			for kind, media := range content {
				if status != "default" {
					w.keeps(id+" "+status+" "+kind, at(t, media, "schema"), at(t, media, "example"))
				}
			}
		}
	})
	if taken != 4 {
		t.Errorf("%d requests were tried, want 4", taken)
	}
}

// keeps holds an example against its schema with the validator of requests.
func (w *world) keeps(what string, schema, example any) {
	w.t.Helper()
	var s huma.Schema
	if err := json.Unmarshal([]byte(mustJSON(w.t, schema)), &s); err != nil {
		w.t.Fatal(err)
	}
	if ref, ok := schema.(object)["$ref"].(string); ok {
		s.Ref = ref
	}
	path, found := huma.NewPathBuffer(nil, 0), &huma.ValidateResult{}
	huma.Validate(w.api.huma.OpenAPI().Components.Schemas, &s, path, huma.ModeReadFromServer, example, found)
	if len(found.Errors) > 0 {
		w.t.Errorf("%s: %v", what, found.Errors)
	}
}

// What answers look like is what the document says, field by field.
func TestAnswersKeepTheirSchemas(t *testing.T) {
	w := newWorld(t)
	document := w.openAPI()
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	e := w.add(ada, "2026-03-16", 1)
	schema := func(path, method, status string) any {
		content := at(t, document, "paths", path, method, "responses", status, "content").(object)
		for _, kind := range []string{"application/json", "application/problem+json"} {
			if media, ok := content[kind]; ok {
				return at(t, media, "schema")
			}
		}
		return nil
	}
	for _, answer := range []struct {
		path, method, status string
		reply                reply
	}{
		{"/api/timesheets", "post", "201", w.do(ada, "POST /api/timesheets", validEntry)},
		{"/api/timesheets", "get", "200", w.do(ada, "GET /api/timesheets?limit=1", "")},
		{"/api/timesheets", "get", "422", w.do(ada, "GET /api/timesheets?limit=x", "")},
		{"/api/timesheets/{id}", "get", "200", w.do(ada, "GET /api/timesheets/"+e.ID, "")},
		{"/api/timesheets/{id}", "put", "428", w.do(ada, "PUT /api/timesheets/"+e.ID, changed)},
		{"/api/timesheets/{id}", "put", "200", w.do(ada, "PUT /api/timesheets/"+e.ID, changed, "If-Match", "*")},
		{"/api/approvals", "get", "200", w.do(grace, "GET /api/approvals", "")},
		{"/api/approvals/{id}", "put", "200", w.do(grace, "PUT /api/approvals/"+e.ID, `{"decision":"reject","comment":"c"}`)},
		{"/api/approvals/{id}", "put", "409", w.do(grace, "PUT /api/approvals/"+e.ID, "")},
		{"/api/timesheets/upload", "post", "201", w.do(w.machine("batch:upload"), "POST /api/timesheets/upload", rows(row("usr_ada", "2026-03-20", 1)))},
		{"/api/timesheets/upload", "post", "422", w.do(w.machine("batch:upload"), "POST /api/timesheets/upload", rows("{}"))},
		{"/api/me", "get", "200", w.do(ada, "GET /api/me", "")},
	} {
		if got := fmt.Sprint(answer.reply.status); got != answer.status {
			t.Errorf("%s: %s, want %s", answer.reply.call, got, answer.status)
		}
		w.keeps(answer.reply.call, schema(answer.path, answer.method, answer.status), decoded[any](answer.reply))
	}
}
