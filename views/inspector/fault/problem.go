package fault

import (
	"encoding/json"
	"net/http"
	"strings"
)

// problem is an error of /inspector/faults, in the form of RFC 9457.
type problem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Errors []violation `json:"errors,omitempty"`
}

// violation is one broken rule; Pointer names a field of the body, RFC 6901.
type violation struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

func newProblem(status int, detail string, errs ...violation) *problem {
	title := http.StatusText(status)
	if title == "" {
		title = "Error"
	}
	return &problem{Type: "about:blank", Title: title, Status: status, Detail: detail, Errors: errs}
}

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// field is a violation at a member of the body.
func field(name, detail string) violation {
	return violation{"/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name), detail} // RFC 6901 3
}
