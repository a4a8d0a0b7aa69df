package fault

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Where faults are asked for, and where the page shows them.
const (
	path     = "/inspector/faults"
	pagePath = "/inspector#workshop"
)

// API serves /inspector/faults and what is below it: JSON for tests, and the
// page's forms, which are answered by 303. Who may call it, and from which
// origin, is decided in front of it.
func (l *List) API() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch below, found := strings.CutPrefix(r.URL.Path, path); {
		case !found || below != "" && below[0] != '/':
			newProblem(http.StatusNotFound, "There is nothing at this path.").write(w)
		case below == "":
			l.serveList(w, r)
		case below == "/clear":
			if allowed(w, r, "POST") {
				l.Clear()
				seeOther(w) // the page's form, which has no DELETE
			}
		default:
			l.serveOne(w, r, below[1:])
		}
	})
}

// allowed answers 405 itself. RFC 9110 15.5.6: it MUST say what is allowed.
func allowed(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	list := strings.Join(methods, ", ")
	w.Header().Set("Allow", list)
	newProblem(http.StatusMethodNotAllowed, "This path takes "+list+".").write(w)
	return false
}

func (l *List) serveList(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, "DELETE", "GET", "HEAD", "POST") {
		return
	}
	switch r.Method {
	case http.MethodDelete:
		l.Clear()
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		l.post(w, r)
	default:
		writeJSON(w, http.StatusOK, struct {
			Items []Fault `json:"items"`
		}{l.All()})
	}
}

func (l *List) serveOne(w http.ResponseWriter, r *http.Request, id string) {
	if !allowed(w, r, "DELETE", "GET", "HEAD") {
		return
	}
	f, found := l.find(id)
	if found && r.Method == http.MethodDelete {
		found = l.Remove(id) // it may have fired in between
	}
	switch {
	case !found:
		newProblem(http.StatusNotFound, "No such fault waits: it was cleared, or has happened as often as it was to.").write(w)
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusOK, f)
	}
}

func (l *List) post(w http.ResponseWriter, r *http.Request) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "application/json":
		l.postJSON(w, r)
	case err == nil && kind == "application/x-www-form-urlencoded":
		l.postForm(w, r)
	default:
		w.Header().Set("Accept-Post", "application/json, application/x-www-form-urlencoded")
		newProblem(http.StatusUnsupportedMediaType, "Send the fault as application/json.").write(w)
	}
}

func (l *List) postJSON(w http.ResponseWriter, r *http.Request) {
	data, p := readBody(w, r)
	var what asked
	if p == nil {
		what, p = readJSON(data)
	}
	if p != nil {
		p.write(w)
		return
	}
	f, wrong := what.held()
	if len(wrong) > 0 {
		p := newProblem(http.StatusUnprocessableEntity, brokenRules)
		for _, b := range wrong {
			p.Errors = append(p.Errors, field(b.field, b.rule))
		}
		p.write(w)
		return
	}
	if f, err := l.add(f); err != nil {
		newProblem(http.StatusConflict, full).write(w)
	} else {
		w.Header().Set("Location", path+"/"+f.ID)
		writeJSON(w, http.StatusCreated, f)
	}
}

const full = "100 faults wait already. Clear them first: DELETE " + path + "."

// postForm takes the form of the page.
func (l *List) postForm(w http.ResponseWriter, r *http.Request) {
	what, p := readForm(w, r)
	if p != nil {
		l.tell(w, r, p.Status, p.Detail)
		return
	}
	f, rules := what.held()
	if len(rules) > 0 {
		var sentences []string
		for _, b := range rules {
			sentences = append(sentences, b.field+" "+b.rule+".")
		}
		l.tell(w, r, http.StatusUnprocessableEntity, strings.Join(sentences, " "))
		return
	}
	if _, err := l.add(f); err != nil {
		l.tell(w, r, http.StatusConflict, full)
		return
	}
	seeOther(w)
}

func (l *List) tell(w http.ResponseWriter, r *http.Request, status int, text string) {
	if l.Problem != nil {
		l.Problem(w, r, status, text)
		return
	}
	http.Error(w, text, status)
}

func seeOther(w http.ResponseWriter) {
	w.Header().Set("Location", pagePath)
	w.WriteHeader(http.StatusSeeOther)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
