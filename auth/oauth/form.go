package oauth

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/ledger"
)

// maxForm caps the body of the endpoints for clients, in bytes.
const maxForm = 64 << 10

// FormBody reads an application/x-www-form-urlencoded body, the only kind that
// RFC 6749 3.2 knows, and no parameter from the URL: what is in a URL ends up
// in logs.
func FormBody(w http.ResponseWriter, r *http.Request) (url.Values, *Error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		e := NewError("invalid_request", "Send the parameters as application/x-www-form-urlencoded in the body, not as "+Printable(ledger.Clip(ContentKind(kind)))+".")
		e.Status = http.StatusUnsupportedMediaType
		return nil, e
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		e := NewError("invalid_request", "The body is not a well-formed form.").Because(err)
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			e = NewError("invalid_request", "The body is larger than 64 KiB.")
			e.Status = http.StatusRequestEntityTooLarge
		}
		return nil, e
	}
	return r.PostForm, nil
}

// ContentKind words a Content-Type, which may be missing.
func ContentKind(kind string) string {
	if kind == "" {
		return "an untyped body"
	}
	return kind
}

// ClientForm is FormBody for the endpoints for clients: RFC 6749 3.2,
// parameters MUST NOT be included more than once.
func ClientForm(l ledger.Ledger, w http.ResponseWriter, r *http.Request) (url.Values, *Error) {
	body, err := FormBody(w, r)
	if err != nil {
		return nil, err
	}
	form, repeated := SingleValued(body)
	if !l.Check(r.Context(), rules.FormParameterOnce, len(repeated) == 0, "no repetition", strings.Join(repeated, " ")) {
		return nil, NewError("invalid_request", "Sent more than once: "+Printable(strings.Join(repeated, " "))+".")
	}
	return form, nil
}

// SingleValued drops empty parameters, which RFC 6749 3.1 treats as omitted,
// and names those that were sent more than once. RFC 8707 2 lets resource be
// repeated, and audience is its older name.
func SingleValued(form url.Values) (values url.Values, repeated []string) {
	values = url.Values{}
	for name, sent := range form {
		sent = slices.DeleteFunc(slices.Clone(sent), func(v string) bool { return v == "" })
		if len(form[name]) > 1 && name != "resource" && name != "audience" {
			repeated = append(repeated, name)
		}
		if len(sent) > 0 {
			values[name] = sent
		}
	}
	slices.Sort(repeated)
	return values, repeated
}

// SourceOf is the network address that throttling counts. Forwarding headers
// are not read: anybody can send them.
func SourceOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
