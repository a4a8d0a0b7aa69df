package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Error is an OAuth error on its way to whoever asked: a page for a person, a
// redirect for a client at the authorization endpoint, JSON at every other.
// Handlers return it, and one place writes it: errors.go of auth.
type Error struct {
	Code        string // of RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 8707 2, OIDC Core 3.1.2.6
	Description string // for the client's developer; nothing of the server's inside
	Status      int    // of a page or a JSON answer
	Page        *Page  // for a person, nil for a client
	Back        *Back  // where the error goes back to the client, nil for an answer of our own
	Cause       error  // logged, never shown

	Scheme     string        // authentication scheme of the 401 challenge, "" for none
	OrDPoP     bool          // the other scheme is offered beside Bearer
	Scope      string        // what is missing, with insufficient_scope
	RetryAfter time.Duration // with 429
	Nonce      string        // with use_dpop_nonce: what the next proof has to carry
}

// Back is how an answer goes back to a client at the authorization endpoint.
type Back struct {
	ClientID    string
	RedirectURI string // an admitted one: RFC 6749 4.1.2.1
	Mode        string // response_mode, "" for query
	State       string // given back unchanged
}

// NewError is an error with the status that its code has.
func NewError(code, description string) *Error {
	status := http.StatusBadRequest
	switch code {
	case "invalid_client", "invalid_token":
		status = http.StatusUnauthorized
	case "insufficient_scope":
		status = http.StatusForbidden
	case "temporarily_unavailable":
		status = http.StatusServiceUnavailable
	case "server_error":
		status = http.StatusInternalServerError
	}
	return &Error{Code: code, Description: description, Status: status}
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Code + ": " + e.Description + ": " + e.Cause.Error()
	}
	return e.Code + ": " + e.Description
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Because keeps the cause for the log.
func (e *Error) Because(cause error) *Error { e.Cause = cause; return e }

// BackTo answers at the client's redirect URI, in the way that it asked for.
func (e *Error) BackTo(to Back) *Error { e.Back = &to; return e }

// AsError turns whatever a handler returned into an Error.
func AsError(err error) *Error {
	var e *Error
	switch {
	case Unavailable(err):
		return NewError("temporarily_unavailable", "The server cannot write right now. Try again in a few seconds.").Because(err)
	case errors.As(err, &e):
		return e
	}
	return NewError("server_error", "Something went wrong on our side.").Because(err)
}

// Unavailable recognises the storage room's way of saying that the file cannot
// be used right now.
func Unavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

// Printable keeps to the characters that RFC 6749 5.2 allows in
// error_description: %x20-21, %x23-5B, %x5D-7E.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < 0x20 || r > 0x7e || r == '\\':
			return '?'
		}
		return r
	}, s)
}

// WriteJSON answers what was asked for.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
