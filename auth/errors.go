package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/views"
)

// Error is an OAuth error on its way to whoever asked: a page for a person, a
// redirect for a client at the authorization endpoint, JSON at every other.
// Handlers return it; only this file writes it.
type Error struct {
	Code        string // of RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 8707 2, OIDC Core 3.1.2.6
	Description string // for the client's developer; nothing of the server's inside
	Status      int    // of a page or a JSON answer
	Scope       string // what is missing, with insufficient_scope

	page   *views.Problem
	back   *authorizationRequest // where the error goes back to the client: its admitted redirect URI
	scheme string                // authentication scheme of the 401 challenge, "" for none
	orDPoP bool                  // the other scheme is offered beside Bearer
	cause  error                 // logged, never shown

	retryAfter time.Duration // with 429
	nonce      string        // with use_dpop_nonce: what the next proof has to carry
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Description + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Description
}

func (e *Error) Unwrap() error { return e.cause }

func newError(code, description string) *Error {
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

func (e *Error) because(cause error) *Error { e.cause = cause; return e }

// backTo answers at the client's redirect URI, in the way that it asked for.
func (e *Error) backTo(q *authorizationRequest) *Error { e.back = q; return e }

// pageProblem is an error for the person in front of the browser.
func pageProblem(status int, code, title, text string) *Error {
	return &Error{Code: code, Description: title, Status: status,
		page: &views.Problem{Status: status, Code: code, Title: title, Text: text}}
}

// citing names the rule that was broken: a page shows its clause.
func (e *Error) citing(rule ledger.Rule) *Error {
	e.page.Clause = rule.Clause
	return e
}

// comparing lays what was sent beside what is registered.
func (e *Error) comparing(what, got string, known []string, alike func(string) string) *Error {
	e.page.Compare = compare(what, ledger.Clip(got), known, alike)
	return e
}

func (e *Error) offering(href, text string) *Error {
	e.page.Action = &views.Link{Href: href, Text: text}
	return e
}

// unavailable recognises the storage room's way of saying that the file cannot
// be used right now.
func unavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

var errForeignToken = errors.New("not issued by this server")

// asError turns whatever a handler returned into an Error.
func asError(err error) *Error {
	var e *Error
	switch {
	case unavailable(err):
		return newError("temporarily_unavailable", "The server cannot write right now. Try again in a few seconds.").because(err)
	case errors.As(err, &e):
		return e
	}
	var f *fosite.RFC6749Error
	if errors.As(err, &f) {
		return fromFosite(f).because(err)
	}
	return newError("server_error", "Something went wrong on our side.").because(err)
}

// fromFosite keeps fosite's standard codes and maps its own ones; its debug
// text stays in the log.
func fromFosite(f *fosite.RFC6749Error) *Error {
	switch f.ErrorField {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
	case "access_denied", "server_error", "temporarily_unavailable":
	case "token_inactive", "not_found", "invalid_token", "scope_not_granted", "request_unauthorized":
		return newError("invalid_grant", describe(f))
	default:
		return newError("server_error", "Something went wrong on our side.")
	}
	if errors.Is(f, fosite.ErrInactiveToken) || errors.Is(f, fosite.ErrTokenExpired) {
		return newError("invalid_grant", describe(f)) // fosite calls some of these invalid_request
	}
	return newError(f.ErrorField, describe(f))
}

func describe(f *fosite.RFC6749Error) string {
	if f.HintField != "" {
		return printable(f.HintField)
	}
	switch f.ErrorField {
	case "invalid_grant":
		return "The code or refresh token is unknown, expired, used, or was issued to another client."
	}
	return printable(f.DescriptionField)
}

// printable keeps to the characters that RFC 6749 5.2 allows in
// error_description: %x20-21, %x23-5B, %x5D-7E.
func printable(s string) string {
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

// handler is a handler that returns its error.
type handler func(w http.ResponseWriter, r *http.Request) error

// page serves people. RFC 9110 9.2.1: HEAD asks for nothing to be done, and the
// GET of a page takes a flow a step on: it issues a code, uses up a request_uri,
// signs somebody out. So HEAD only says that there is a page.
func (s *Server) page(h handler) http.Handler {
	answer := s.answering(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			return
		}
		answer.ServeHTTP(w, r)
	})
}

// answering answers errors for people, or at the client's redirect URI.
func (s *Server) answering(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		e := asError(err)
		s.logError(r, e)
		if e.back != nil {
			params := url.Values{"error": {e.Code}}
			if e.Description != "" {
				params.Set("error_description", e.Description)
			}
			s.sendBack(w, r, e.back, params)
			return
		}
		problem := e.page
		if problem == nil {
			problem = &views.Problem{Status: e.Status, Code: e.Code, Title: "That didn’t work", Text: e.Description}
		}
		problem.RequestID = w.Header().Get("X-Request-Id")
		retryLater(w, e)
		views.Write(w, r, problem.Status, views.ProblemPage(*problem))
	})
}

// json answers errors as RFC 6749 5.2 wants them.
func (s *Server) json(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // RFC 6749 5.1, also for errors
		w.Header().Set("Pragma", "no-cache")
		err := h(w, r)
		if err == nil {
			return
		}
		e := asError(err)
		s.logError(r, e)
		challenge(w, e)
		retryLater(w, e)
		if e.nonce != "" {
			w.Header().Set("DPoP-Nonce", e.nonce) // RFC 9449 8 and 9: who is told to use one is given it
		}
		if e.scheme == "Bearer" && e.Code == "" {
			w.WriteHeader(e.Status) // RFC 6750 3.1: no error code where no token was sent
			return
		}
		writeJSON(w, e.Status, map[string]string{"error": e.Code, "error_description": e.Description})
	})
}

// challenge tells how to authenticate. RFC 6749 5.2: a client that used the
// Authorization header gets the challenge of its scheme; one that did not
// would only make a browser show its password box.
func challenge(w http.ResponseWriter, e *Error) {
	switch e.scheme {
	case "Basic":
		w.Header().Set("WWW-Authenticate", `Basic realm="punchcard"`)
	case "Bearer", "DPoP":
		algs := `, algs="` + strings.Join(dpop.Algorithms(), " ") + `"`
		value := e.scheme + ` realm="punchcard"`
		if e.scheme == "DPoP" {
			value += algs
		}
		if e.Code != "" {
			value += fmt.Sprintf(`, error="%s", error_description="%s"`, e.Code, e.Description)
		}
		if e.Scope != "" {
			value += fmt.Sprintf(`, scope="%s"`, e.Scope)
		}
		w.Header().Set("WWW-Authenticate", value)
		if e.Status == http.StatusUnauthorized && e.scheme == "Bearer" && e.orDPoP {
			w.Header().Add("WWW-Authenticate", `DPoP realm="punchcard"`+algs)
		}
	}
}

func retryLater(w http.ResponseWriter, e *Error) {
	switch {
	case e.retryAfter > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(e.retryAfter.Seconds())))
	case e.Status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
}

func (s *Server) logError(r *http.Request, e *Error) {
	level := slog.LevelInfo
	if e.Status >= 500 {
		level = slog.LevelError
	}
	attrs := []slog.Attr{slog.String("path", r.URL.Path), slog.String("code", e.Code), slog.String("description", e.Description)}
	if e.cause != nil {
		attrs = append(attrs, slog.String("err", causeText(e.cause)))
	}
	s.log.LogAttrs(r.Context(), level, "refused", attrs...)
}

// causeText adds fosite's debug text, which its Error leaves out.
func causeText(err error) string {
	var f *fosite.RFC6749Error
	if errors.As(err, &f) && f.DebugField != "" {
		return f.ErrorField + ": " + f.DebugField
	}
	return err.Error()
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
