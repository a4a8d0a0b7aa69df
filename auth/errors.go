package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/views"
)

var errForeignToken = errors.New("not issued by this server")

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
		e := back.AsError(err)
		s.logError(r, e)
		if e.Back != nil {
			params := url.Values{"error": {e.Code}}
			if e.Description != "" {
				params.Set("error_description", e.Description)
			}
			s.sendBack(w, r, *e.Back, params)
			return
		}
		problem := problemOf(e)
		problem.RequestID = w.Header().Get("X-Request-Id")
		retryLater(w, e)
		views.Write(w, r, e.Status, views.ProblemPage(problem))
	})
}

// problemOf is the page of an error.
func problemOf(e *oauth.Error) views.Problem {
	problem := views.Problem{Status: e.Status, Code: e.Code, Title: "That didn’t work", Text: e.Description}
	page := e.Page
	if page == nil {
		return problem
	}
	problem.Title, problem.Text, problem.Why, problem.Clause = page.Title, page.Text, page.Why, page.Clause
	if page.Compare != nil {
		compared := views.Compare(*page.Compare)
		problem.Compare = &compared
	}
	if page.Action != (oauth.Link{}) {
		action := views.Link(page.Action)
		problem.Action = &action
	}
	return problem
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
		e := back.AsError(err)
		s.logError(r, e)
		challenge(w, e)
		retryLater(w, e)
		if e.Nonce != "" {
			w.Header().Set("DPoP-Nonce", e.Nonce) // RFC 9449 8 and 9: who is told to use one is given it
		}
		if e.Scheme == "Bearer" && e.Code == "" {
			w.WriteHeader(e.Status) // RFC 6750 3.1: no error code where no token was sent
			return
		}
		oauth.WriteJSON(w, e.Status, map[string]string{"error": e.Code, "error_description": e.Description})
	})
}

// challenge tells how to authenticate. RFC 6749 5.2: a client that used the
// Authorization header gets the challenge of its scheme; one that did not
// would only make a browser show its password box.
func challenge(w http.ResponseWriter, e *oauth.Error) {
	switch e.Scheme {
	case "Basic":
		w.Header().Set("WWW-Authenticate", `Basic realm="punchcard"`)
	case "Bearer", "DPoP":
		algs := `, algs="` + strings.Join(dpop.Algorithms(), " ") + `"`
		value := e.Scheme + ` realm="punchcard"`
		if e.Scheme == "DPoP" {
			value += algs
		}
		if e.Code != "" {
			value += fmt.Sprintf(`, error="%s", error_description="%s"`, e.Code, e.Description)
		}
		if e.Scope != "" {
			value += fmt.Sprintf(`, scope="%s"`, e.Scope)
		}
		w.Header().Set("WWW-Authenticate", value)
		if e.Status == http.StatusUnauthorized && e.Scheme == "Bearer" && e.OrDPoP {
			w.Header().Add("WWW-Authenticate", `DPoP realm="punchcard"`+algs)
		}
	}
}

func retryLater(w http.ResponseWriter, e *oauth.Error) {
	switch {
	case e.RetryAfter > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds())))
	case e.Status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
}

func (s *Server) logError(r *http.Request, e *oauth.Error) {
	level := slog.LevelInfo
	if e.Status >= 500 {
		level = slog.LevelError
	}
	attrs := []slog.Attr{slog.String("path", r.URL.Path), slog.String("code", e.Code), slog.String("description", e.Description)}
	if e.Cause != nil {
		attrs = append(attrs, slog.String("err", causeText(e.Cause)))
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
