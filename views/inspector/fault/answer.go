package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
)

const reason = "A fault asked for at /inspector."

// failing answers with a status as the endpoint itself would: with the error
// code and the header fields that belong to it.
func (l *List) failing(status int, place *endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		code := codeOf(status, place.form)
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		switch status {
		case http.StatusServiceUnavailable, http.StatusTooManyRequests: // RFC 9110 15.6.4, RFC 6585 4
			h.Set("Retry-After", "5")
		case http.StatusMethodNotAllowed: // RFC 9110 15.5.6; empty is none at all
			h.Set("Allow", "")
		}
		l.challenge(h, status, place.form, code)
		switch place.form {
		case asProblem:
			newProblem(status, reason).write(w)
		case asText:
			h.Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(status)
			fmt.Fprintln(w, reason)
		default:
			h.Set("Content-Type", "application/json;charset=UTF-8")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": reason})
		}
	})
}

// codeOf is the error code of a status. 500 and 503 have the codes that RFC 6749
// 4.1.2.1 has for them.
func codeOf(status int, words form) string {
	switch {
	case status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		return "temporarily_unavailable"
	case status >= 500:
		return "server_error"
	case words == asOAuth && status == http.StatusUnauthorized:
		return "invalid_client" // RFC 6749 5.2
	case status == http.StatusUnauthorized:
		return "invalid_token" // RFC 6750 3.1
	case words == asOAuth && status == http.StatusForbidden, words == asRegistration && status == http.StatusForbidden:
		return "access_denied"
	case status == http.StatusForbidden:
		return "insufficient_scope" // RFC 6750 3.1
	case words == asRegistration && status == http.StatusBadRequest:
		return "invalid_client_metadata" // RFC 7591 3.2.2
	}
	return "invalid_request"
}

// challenge goes with a 401 (RFC 9110 15.5.2), and with a 403 to a token.
func (l *List) challenge(h http.Header, status int, words form, code string) {
	switch {
	case status == http.StatusUnauthorized && words == asOAuth:
		h.Set("WWW-Authenticate", `Basic realm="token"`)
	case words != asText && words != asOAuth && (code == "invalid_token" || code == "insufficient_scope"):
		challenge := fmt.Sprintf(`Bearer error="%s", error_description="%s"`, code, reason)
		if words == asProblem && l.ResourceMetadata != "" {
			challenge += fmt.Sprintf(`, resource_metadata="%s"`, l.ResourceMetadata)
		}
		h.Set("WWW-Authenticate", challenge)
	}
}
