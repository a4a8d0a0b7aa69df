package fault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxForm is how much of a body is read to find the client, in bytes: as much
// as the endpoints themselves take.
const maxForm = 64 << 10

// clientOf is the client that a request says it is of, "" where it does not.
// Nothing is verified: a fault that a liar runs into is no loss.
func clientOf(r *http.Request, e *endpoint) string {
	switch e.who {
	case inForm:
		// RFC 6749 2.3.1: both are form-encoded before they are put together.
		if user, _, ok := r.BasicAuth(); ok {
			id, _ := url.QueryUnescape(user)
			return id
		}
		return formOf(r).Get("client_id")
	case inQuery:
		if r.Method == http.MethodPost {
			return formOf(r).Get("client_id") // OIDC Core 3.1.2.1
		}
		return r.URL.Query().Get("client_id")
	case inBearer:
		return claimed(r.Header.Get("Authorization"))
	}
	return ""
}

// formOf reads the form in the body and puts the body back as it was, however
// it comes out: what is wrong with it is the endpoint's to say.
func formOf(r *http.Request) url.Values {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Body == nil || kind != "application/x-www-form-urlencoded" {
		return nil
	}
	read, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	r.Body = body{io.MultiReader(bytes.NewReader(read), rest{err, r.Body}), r.Body}
	if err != nil || len(read) > maxForm {
		return nil
	}
	form, err := url.ParseQuery(string(read))
	if err != nil {
		return nil
	}
	return form
}

// body is a body of which a part was read already.
type body struct {
	io.Reader
	io.Closer
}

// rest is what comes after that part: the error that ended it, or the others.
type rest struct {
	err error
	of  io.Reader
}

func (r rest) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	return r.of.Read(p)
}

// claimed is the claim client_id of an access token that is a JWT, sent as
// RFC 6750 2.1 or RFC 9449 7.1 has it.
func claimed(authorization string) string {
	scheme, token, _ := strings.Cut(authorization, " ")
	parts := strings.Split(strings.TrimSpace(token), ".")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "DPoP") || len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		ClientID string `json:"client_id"`
	}
	if errors.Join(err, json.Unmarshal(payload, &claims)) != nil {
		return ""
	}
	return claims.ClientID
}
