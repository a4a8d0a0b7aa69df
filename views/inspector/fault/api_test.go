package fault

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func call(l *List, method, path, kind, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	l.API().ServeHTTP(w, r)
	return w
}

const (
	jsonKind = "application/json"
	formKind = "application/x-www-form-urlencoded"
)

func items(t *testing.T, l *List) []map[string]any {
	t.Helper()
	w := call(l, "GET", path, "", "")
	var list struct{ Items []map[string]any }
	if w.Code != 200 || w.Header().Get("Content-Type") != jsonKind || json.Unmarshal(w.Body.Bytes(), &list) != nil || list.Items == nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return list.Items
}

func TestFaultsAreAskedForListedAndCleared(t *testing.T) {
	l := &List{}
	if len(items(t, l)) != 0 {
		t.Fatal("a new list has faults")
	}
	w := call(l, "POST", path, jsonKind+"; charset=utf-8", `{"client":"timesheets-mobile","endpoint":"token","fault":"drop_response","status":500,"delay_ms":3000,"times":1}`)
	var f map[string]any
	if w.Code != http.StatusCreated || json.Unmarshal(w.Body.Bytes(), &f) != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]any{"client": "timesheets-mobile", "endpoint": "token", "fault": "drop_response", "times": 1.0, "left": 1.0, "status": nil, "delay_ms": nil} {
		if f[name] != want {
			t.Errorf("%s is %v, want %v", name, f[name], want)
		}
	}
	where := w.Header().Get("Location")
	if where != path+"/"+f["id"].(string) || call(l, "GET", where, "", "").Code != 200 {
		t.Errorf("Location %q", where)
	}
	call(l, "POST", path, jsonKind, `{"endpoint":"api","fault":"delay"}`)
	call(l, "POST", path, jsonKind, `{"endpoint":"login","fault":"error","times":3}`)
	all := items(t, l)
	if len(all) != 3 || all[1]["delay_ms"] != 3000.0 || all[2]["status"] != 500.0 || all[2]["left"] != 3.0 {
		t.Fatalf("%v", all)
	}
	if w := call(l, "DELETE", where, "", ""); w.Code != 204 || w.Body.Len() != 0 {
		t.Errorf("DELETE: %d", w.Code)
	}
	if w := call(l, "DELETE", where, "", ""); w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("DELETE again: %d", w.Code)
	}
	if w := call(l, "DELETE", path, "", ""); w.Code != 204 || len(items(t, l)) != 0 {
		t.Errorf("DELETE of all: %d, left %v", w.Code, l.All())
	}
}

func TestWhatIsNoFault(t *testing.T) {
	l := &List{}
	for _, c := range []struct {
		body    string
		status  int
		pointer string
	}{
		{``, 400, ""},
		{`[]`, 400, ""},
		{`{"endpoint":"token","fault":"error"`, 400, ""},
		{`{"endpoint":"token","fault":"error"} {}`, 400, ""},
		{`{"endpoint":"token","fault":"error"}x`, 400, ""},
		{"{\"endpoint\":\"token\",\"fault\":\"error\",\"client\":\"\xff\"}", 400, ""},
		{`{"endpoint":"token","fault":"error","foo":1}`, 400, "/foo"},
		{`{"endpoint":"token","fault":"error","a/b~":1}`, 400, "/a~1b~0"},
		{`{"endpoint":"token","fault":"error","Times":1}`, 400, "/Times"},
		{`{"endpoint":"token","fault":"error","id":"1"}`, 400, "/id"},
		{`{"endpoint":"token","fault":"error","fault":"delay"}`, 400, "/fault"},
		{`{"endpoint":"token","fault":"error","times":"1"}`, 400, "/times"},
		{`{"endpoint":"token","fault":"error","times":1.5}`, 400, "/times"},
		{`{"endpoint":"token","fault":"error","times":null}`, 400, "/times"},
		{`{"endpoint":"token","fault":["error"]}`, 400, "/fault"},
		{`{}`, 422, "/endpoint"},
		{`{"endpoint":"token"}`, 422, "/fault"},
		{`{"endpoint":"inspector","fault":"error"}`, 422, "/endpoint"},
		{`{"endpoint":"token","fault":"explode"}`, 422, "/fault"},
		{`{"endpoint":"token","fault":"error","status":399}`, 422, "/status"},
		{`{"endpoint":"token","fault":"error","status":600}`, 422, "/status"},
		{`{"endpoint":"token","fault":"delay","delay_ms":0}`, 422, "/delay_ms"},
		{`{"endpoint":"token","fault":"delay","delay_ms":60001}`, 422, "/delay_ms"},
		{`{"endpoint":"token","fault":"error","times":0}`, 422, "/times"},
		{`{"endpoint":"token","fault":"error","times":1001}`, 422, "/times"},
		{`{"endpoint":"token","fault":"error","times":99999999999999999999}`, 422, "/times"},
		{`{"endpoint":"token","fault":"error","client":"` + strings.Repeat("c", 256) + `"}`, 422, "/client"},
		{`{"endpoint":"token","fault":"error","client":"a\nb"}`, 422, "/client"},
		{`{"endpoint":"login","fault":"error","client":"timesheets-mobile"}`, 422, "/client"},
		{`{"x":"` + strings.Repeat("x", 70<<10) + `"}`, 413, ""},
	} {
		w := call(l, "POST", path, jsonKind, c.body)
		var p struct {
			Type, Title, Detail string
			Status              int
			Errors              []struct{ Pointer, Detail string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != c.status || p.Status != c.status || w.Header().Get("Content-Type") != "application/problem+json" ||
			p.Type != "about:blank" || p.Title == "" || p.Detail == "" {
			t.Errorf("%.80s: %d %s", c.body, w.Code, w.Body)
			continue
		}
		if c.pointer != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer != c.pointer || p.Errors[0].Detail == "") {
			t.Errorf("%.80s: errors %v, want %s", c.body, p.Errors, c.pointer)
		}
	}
	if len(l.All()) != 0 {
		t.Errorf("they left %v", l.All())
	}
}

func TestEndpointsAreListedInTheError(t *testing.T) {
	w := call(&List{}, "POST", path, jsonKind, `{"endpoint":"tokn","fault":"error"}`)
	for _, name := range Endpoints() {
		if !strings.Contains(w.Body.String(), name) {
			t.Errorf("%s is not named in %s", name, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "tokn") {
		t.Error("echoed")
	}
}

func TestMethodsAndTypes(t *testing.T) {
	l := &List{}
	for _, c := range []struct {
		method, path, kind string
		status             int
		allow              string
	}{
		{"PUT", path, jsonKind, 405, "DELETE, GET, HEAD, POST"},
		{"POST", path + "/1", jsonKind, 405, "DELETE, GET, HEAD"},
		{"GET", path + "/clear", "", 405, "POST"},
		{"POST", path, "", 415, ""},
		{"POST", path, "text/plain", 415, ""},
		{"POST", path, "multipart/form-data; boundary=x", 415, ""},
		{"GET", path + "/1", "", 404, ""},
		{"GET", path + "/", "", 404, ""},
		{"GET", path + "s", "", 404, ""},
		{"HEAD", path, "", 200, ""},
	} {
		w := call(l, c.method, c.path, c.kind, `{"endpoint":"token","fault":"error"}`)
		if w.Code != c.status || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q", c.method, c.path, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestTheFormOfThePage(t *testing.T) {
	said := ""
	l := &List{Problem: func(w http.ResponseWriter, _ *http.Request, status int, text string) {
		said = text
		w.WriteHeader(status)
	}}
	w := call(l, "POST", path, formKind, "client=&endpoint=token&fault=delay&status=&delay_ms=3000&times=2")
	if w.Code != 303 || w.Header().Get("Location") != "/inspector#workshop" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if all := l.All(); len(all) != 1 || all[0] != (Fault{ID: all[0].ID, Endpoint: "token", Fault: Delay, DelayMS: 3000, Times: 2, Left: 2}) {
		t.Fatalf("%+v", all)
	}
	// The page in front of this has read the form already, to see that it can be.
	parsed := httptest.NewRequest("POST", path, strings.NewReader("endpoint=token&fault=error&status=503"))
	parsed.Header.Set("Content-Type", formKind)
	if err := parsed.ParseForm(); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	l.API().ServeHTTP(answer, parsed)
	if all := l.All(); answer.Code != 303 || len(all) != 2 || all[1].Status != 503 {
		t.Fatalf("a form that was read before: %d %q, %+v", answer.Code, said, all)
	}
	for form, names := range map[string]string{
		"endpoint=token&fault=delay&delay_ms=soon":     "delay_ms",
		"endpoint=token&fault=delay&times=0":           "times",
		"endpoint=nowhere&fault=delay":                 "endpoint",
		"endpoint=token&endpoint=token&fault=delay":    "endpoint",
		"endpoint=token&fault=delay&delay_ms=%zz":      "form",
		"endpoint=consent&fault=error&client=whatever": "client",
	} {
		if w := call(l, "POST", path, formKind, form); w.Code != 422 || !strings.Contains(said, names) {
			t.Errorf("%s: %d %q", form, w.Code, said)
		}
	}
	if w := call(l, "POST", path+"/clear", formKind, ""); w.Code != 303 || len(l.All()) != 0 {
		t.Errorf("clear: %d, left %v", w.Code, l.All())
	}
	if w := call(&List{}, "POST", path, formKind, "endpoint=nowhere"); w.Code != 422 || w.Body.Len() == 0 {
		t.Errorf("without a page: %d %q", w.Code, w.Body)
	}
}

func TestTheListIsBounded(t *testing.T) {
	l := &List{}
	for i := range maxWaiting {
		if w := call(l, "POST", path, jsonKind, `{"endpoint":"token","fault":"error"}`); w.Code != 201 {
			t.Fatalf("%d: %d", i, w.Code)
		}
	}
	if w := call(l, "POST", path, jsonKind, `{"endpoint":"token","fault":"error"}`); w.Code != 409 || !strings.Contains(w.Body.String(), strconv.Itoa(maxWaiting)) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := call(l, "POST", path, formKind, `endpoint=token&fault=error`); w.Code != 409 {
		t.Errorf("by form: %d", w.Code)
	}
}
