package record

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Exchange is one request and its answer. It does not change once it belongs
// to a run.
type Exchange struct {
	ID        int    // its place in the run, from 1
	RequestID string // as in X-Request-Id, the log and the error page
	Kind      Kind
	Began     time.Time
	Took      time.Duration

	Method, Target, Proto, Host string // Target is path and query as sent
	Header                      http.Header
	Body                        string
	BodyCut                     int // bytes of the body that were not kept

	Status     int
	Answer     http.Header
	AnswerBody string
	AnswerCut  int
	Page       string // title of an HTML page, whose markup is not kept
	Handed     string `json:",omitempty"` // what that page posts to the app, encoded as in a URL
	Lost       string // why the client never got the answer; "" where it did
	Notes      []string
	Partly     bool `json:",omitempty"` // its target or its header is not whole
	Checks     []Check
	Writes     []Write
}

// Check is a verdict of one of the servers.
type Check struct {
	Rule, Expected, Got, Clause string
	Must, Why                   string `json:",omitempty"` // the rule in a sentence, and what it is good for; "" in older runs
	OK                          bool
	Kind, ID                    string // of what was looked at, where the record says so
}

// Write is a row that was written.
type Write struct {
	Op, Table, Kind, ID string
	Family              string // id of the grant that it belongs to, where the record says so
	Rows                int64
	Ended               int64 `json:",omitempty"` // grants that were over with it, where the record says so
}

// Kind says what an exchange is for.
type Kind string

// The kinds of exchanges. What is none of them is not kept.
const (
	KindTry         Kind = "try"       // the demo client makes its secrets and sends the browser away
	KindAuthorize   Kind = "authorize" // a new authorization request
	KindResume      Kind = "resume"    // the browser comes back to the pending one
	KindLoginPage   Kind = "login page"
	KindLogin       Kind = "login"
	KindConsentPage Kind = "consent page"
	KindConsent     Kind = "consent"
	KindSelectPage  Kind = "account choice page"
	KindSelect      Kind = "account choice" // which of those who are signed in
	KindCallback    Kind = "callback"       // of a client that this server has in its own pages
	KindToken       Kind = "token"
	KindRevoke      Kind = "revoke"
	KindIntrospect  Kind = "introspect"
	KindUserinfo    Kind = "userinfo"
	KindLogout      Kind = "logout"
	KindMetadata    Kind = "metadata"
	KindKeys        Kind = "keys"
	KindPushed      Kind = "pushed request" // RFC 9126: an authorization request by the back door
	KindDevice      Kind = "device request" // RFC 8628: a device asks for a code to show
	KindDevicePage  Kind = "device page"    // where a person types it
	KindDeviceForm  Kind = "device form"    // what they typed and decided
	KindRegister    Kind = "registration"   // RFC 7591 and 7592: an app about itself
	KindAccountPage Kind = "account page"
	KindAccount     Kind = "account" // what a person takes back, or changes
	KindAPI         Kind = "api"
	KindPreflight   Kind = "preflight" // a browser asks whether an app on another origin may call
	KindOther       Kind = "other"     // of the authorization server
)

const pathResource = "/.well-known/oauth-protected-resource/api"

// kinds is the surface that is watched, by its published paths.
var kinds = map[string]Kind{
	"/try":            KindTry,
	"/login":          KindLogin,
	"/consent":        KindConsent,
	"/select-account": KindSelect,
	"/callback":       KindCallback,
	"/app/callback":   KindCallback,
	"/oauth/token":    KindToken, "/oauth/revoke": KindRevoke, "/oauth/introspect": KindIntrospect,
	"/oauth/par": KindPushed, "/oauth/device/code": KindDevice, "/device": KindDeviceForm,
	"/account":     KindAccount,
	"/userinfo":    KindUserinfo,
	"/oidc/logout": KindLogout, "/v2/logout": KindLogout, "/logout": KindLogout,
	"/.well-known/openid-configuration":       KindMetadata,
	"/.well-known/oauth-authorization-server": KindMetadata,
	pathResource:             KindMetadata,
	"/.well-known/jwks.json": KindKeys,
}

// kindOf returns "" for what is not watched: assets, health, the inspector
// itself, documents.
func kindOf(r *http.Request) Kind {
	path := r.URL.Path
	kind, known := kinds[path]
	switch {
	case path == "/authorize":
		kind = KindAuthorize
		if q := r.URL.Query(); q.Has("flow") && !q.Has("client_id") {
			kind = KindResume
		}
	case known:
	case path == "/oidc/register", strings.HasPrefix(path, "/oidc/register/"):
		kind = KindRegister
	case strings.HasPrefix(path, pathResource+"/"): // of one path of the API
		kind = KindMetadata
	case path == "/api/openapi.json":
		return ""
	case path == "/api" || strings.HasPrefix(path, "/api/"):
		kind = KindAPI
	case strings.HasPrefix(path, "/oauth/"), strings.HasPrefix(path, "/oidc/"):
		kind = KindOther
	default:
		return ""
	}
	if r.Method == http.MethodOptions {
		return KindPreflight
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		switch kind {
		case KindLogin:
			return KindLoginPage
		case KindConsent:
			return KindConsentPage
		case KindSelect:
			return KindSelectPage
		case KindDeviceForm:
			return KindDevicePage
		case KindAccount:
			return KindAccountPage
		}
	}
	return kind
}

// Refused says whether the server said no, by its status or in the redirect.
func (x *Exchange) Refused() bool {
	return (x.Status >= 400 || x.ErrorCode() != "") && !x.Again()
}

// Again says whether the client was told to ask once more: RFC 8628 3.5, while
// a person makes up their mind, and RFC 9449 8, with the nonce that comes along.
func (x *Exchange) Again() bool {
	if x.Status != http.StatusBadRequest && x.Status != http.StatusUnauthorized {
		return false
	}
	switch x.ErrorCode() {
	case "authorization_pending", "slow_down", "use_dpop_nonce":
		return true
	}
	return false
}

// ErrorCode is the OAuth error that the answer carries, "" for none.
func (x *Exchange) ErrorCode() string {
	if x.Status < 400 {
		return x.Returned().Get("error")
	}
	if code := jsonString(x.AnswerBody, "error"); code != "" {
		return code
	}
	for _, challenge := range x.Answer.Values("Www-Authenticate") {
		if _, rest, ok := strings.Cut(challenge, `error="`); ok {
			code, _, _ := strings.Cut(rest, `"`)
			return code
		}
	}
	return ""
}

// Returned is what the answer brings to the app by way of the browser: in the
// query or the fragment of a redirect, or in a form that posts itself (RFC 6749
// 4.1.2, OAuth 2.0 Multiple Response Types 2.1, Form Post Response Mode 2).
func (x *Exchange) Returned() url.Values {
	encoded := x.Handed
	if _, after, ok := strings.Cut(x.goesTo(), "?"); ok {
		encoded, _, _ = strings.Cut(after, "#")
	}
	if _, fragment, ok := strings.Cut(x.goesTo(), "#"); ok {
		encoded += "&" + fragment
	}
	if encoded == "" {
		return url.Values{}
	}
	v, _ := url.ParseQuery(encoded)
	return v
}

// Path is the target without its query.
func (x *Exchange) Path() string {
	path, _, _ := strings.Cut(x.Target, "?")
	return path
}

// Query is that of the target; what cannot be decoded is left out.
func (x *Exchange) Query() url.Values {
	_, query, _ := strings.Cut(x.Target, "?")
	q, _ := url.ParseQuery(query)
	return q
}

// Form is the body of a form post.
func (x *Exchange) Form() url.Values {
	if !isForm(x.Header) {
		return url.Values{}
	}
	form, _ := url.ParseQuery(x.Body)
	return form
}

// parameter is the first of its name, "" for none: what url.ParseQuery finds,
// without the map of all the others.
func parameter(encoded, name string) string {
	for encoded != "" {
		var pair string
		pair, encoded, _ = strings.Cut(encoded, "&")
		if key, value, _ := strings.Cut(pair, "="); key == name && !strings.Contains(pair, ";") {
			plain, err := url.QueryUnescape(value)
			if err == nil {
				return plain
			}
		}
	}
	return ""
}

// goesTo is where the answer sends the browser: by a redirect, or from a page
// that goes on by itself. "" for nowhere.
func (x *Exchange) goesTo() string {
	if to := x.Answer.Get("Location"); to != "" {
		return to
	}
	_, to, _ := cutRefresh(x.Answer.Get("Refresh"))
	return to
}

// Redirect is where the answer sends the browser; nil for nowhere.
func (x *Exchange) Redirect() *url.URL {
	to := x.goesTo()
	if to == "" || x.Status >= 400 || x.Status < 300 && x.Answer.Get("Refresh") == "" {
		return nil
	}
	u, err := url.Parse(to)
	if err != nil {
		return nil
	}
	return u
}

func isForm(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "application/x-www-form-urlencoded")
}

// jsonString finds a string member of a JSON object as this server writes
// them: tokens and codes have no escapes, and the whole body need not be read.
func jsonString(body, name string) string {
	_, rest, ok := strings.Cut(body, `"`+name+`"`)
	if !ok {
		return ""
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	if rest, ok = strings.CutPrefix(rest, ":"); !ok {
		return ""
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	if rest, ok = strings.CutPrefix(rest, `"`); !ok {
		return ""
	}
	value, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return ""
	}
	return value
}
