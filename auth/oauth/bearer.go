package oauth

import (
	"net/http"
	"strings"
)

// Bearer is AccessToken where no other scheme is taken.
func Bearer(r *http.Request) (string, error) {
	scheme, token, err := AccessToken(r)
	if err == nil && scheme != "Bearer" {
		err = &Error{Status: http.StatusUnauthorized, Scheme: "Bearer"} // RFC 6750 3.1
	}
	return token, err
}

// AccessToken reads the token from the Authorization header and from nowhere
// else: RFC 9700 4.3.2, a token in a URL or a form ends up in logs and
// histories. Where none was sent, the error has no code.
func AccessToken(r *http.Request) (scheme, token string, err error) {
	header := r.Header.Values("Authorization")
	scheme, token, _ = strings.Cut(strings.Join(header, ""), " ")
	switch {
	case strings.EqualFold(scheme, "DPoP"):
		scheme = "DPoP" // RFC 9449 7.1
	case strings.EqualFold(scheme, "Bearer"):
		scheme = "Bearer"
	default:
		return "", "", &Error{Status: http.StatusUnauthorized, Scheme: "Bearer"} // RFC 6750 3.1
	}
	if token = strings.Trim(token, " "); len(header) > 1 || token == "" || strings.ContainsRune(token, ' ') {
		e := NewError("invalid_request", "Send one Authorization header with one token.")
		e.Scheme = scheme
		return "", "", e
	}
	return scheme, token, nil
}
