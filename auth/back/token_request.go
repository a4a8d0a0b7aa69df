package back

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/exampleco/punchcard/auth/store"
)

// tokenRequest is a request to the token endpoint. Its parameters are read
// once, by readTokenRequest; whoever acts on it afterwards has these fields and
// never the form, so no two of them can understand it differently.
type tokenRequest struct {
	Grant        string   // grant_type
	Code         string   // RFC 6749 4.1.3, as are the next two
	RedirectURI  string   // redirect_uri
	Verifier     string   // code_verifier, RFC 7636 4.5
	RefreshToken string   // RFC 6749 6
	DeviceCode   string   // RFC 8628 3.4
	Scope        string   // as it was sent, "" for none; of a machine, what audience.AimMachine made of it
	Audience     []string // which API, by Auth0's name for the parameter
	Resource     []string // which API, RFC 8707 2.2

	Client  *store.Client // who has proved to be it
	JKT     string        // thumbprint of the key of its DPoP proof, RFC 9449; "" for none
	attempt int           // from 0: how often it has begun anew
	report  report
}

// report is what the storage says of a token request while fosite works on it.
type report struct {
	checked    map[string]bool // rules that stand in the ledger already: fosite asks for the same thing more than once
	revocation error           // a family that should have ended and lives; fosite swallows that
	grace      *grace          // of this attempt, nil where there is none
}

// readTokenRequest reads the parameters of a token request from its form, each
// of which is in it once.
func readTokenRequest(form url.Values) *tokenRequest {
	return &tokenRequest{
		Grant: form.Get("grant_type"),
		Code:  form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"),
		RefreshToken: form.Get("refresh_token"), DeviceCode: form.Get("device_code"),
		Scope: form.Get("scope"), Audience: form["audience"], Resource: form["resource"],
		report: report{checked: map[string]bool{}},
	}
}

// missing is the parameter that this grant cannot do without, where it was not
// sent: RFC 6749 4.1.3 and 6, RFC 8628 3.4.
func (q *tokenRequest) missing() string {
	switch {
	case q.Grant == "authorization_code" && q.Code == "":
		return "code"
	case q.Grant == "refresh_token" && q.RefreshToken == "":
		return "refresh_token"
	case q.Grant == GrantDevice && q.DeviceCode == "":
		return "device_code"
	}
	return ""
}

// named is what the request says about the API that the token is for.
func (q *tokenRequest) named() []string { return slices.Concat(q.Audience, q.Resource) }

// forFosite is the request as fosite reads it: from a form, one value a
// parameter, without the client's credentials.
func (q *tokenRequest) forFosite(ctx context.Context) *http.Request {
	form := url.Values{"grant_type": {q.Grant}}
	for name, value := range map[string]string{
		"code": q.Code, "redirect_uri": q.RedirectURI, "code_verifier": q.Verifier,
		"refresh_token": q.RefreshToken, "scope": q.Scope,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	if len(q.Audience) > 0 {
		form.Set("audience", q.Audience[0])
	}
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{}, Header: http.Header{}, PostForm: form, Form: form}
	return r.WithContext(ctx)
}

// tokenRequestKey leads to the token request that a context belongs to. fosite
// stands between the endpoint and the storage, and hands on the context alone.
type tokenRequestKey struct{}

func (q *tokenRequest) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, tokenRequestKey{}, q)
}

// tokenRequestOf is nil where no token is being asked for: at the authorization
// endpoint, and outside of any request.
func tokenRequestOf(ctx context.Context) *tokenRequest {
	q, _ := ctx.Value(tokenRequestKey{}).(*tokenRequest)
	return q
}

// first says whether this rule has not been reported yet, and remembers that
// it is now.
func (q *tokenRequest) first(rule string) bool {
	seen := q.report.checked[rule]
	q.report.checked[rule] = true
	return !seen
}
