package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Fault is one thing that is to go wrong.
type Fault struct {
	ID       string `json:"id"`
	Client   string `json:"client,omitempty"`   // client_id of the requests it waits for; "" for any
	Endpoint string `json:"endpoint"`           // a name out of Endpoints
	Fault    string `json:"fault"`              // error, delay or drop_response
	Status   int    `json:"status,omitempty"`   // of an error: 400 to 599
	DelayMS  int    `json:"delay_ms,omitempty"` // of a delay: 1 to 60000 milliseconds
	Times    int    `json:"times"`              // how often it fires, 1 to 1000
	Left     int    `json:"left"`               // how often it still will
}

// The kinds of fault.
const (
	Error        = "error"         // answered with a status, and nothing was done
	Delay        = "delay"         // answered as usual, but late
	DropResponse = "drop_response" // done, and the answer never arrives
)

var kinds = []string{Error, Delay, DropResponse}

const (
	defaultStatus, minStatus, maxStatus = 500, 400, 599
	defaultDelay, minDelay, maxDelay    = 3000, 1, 60_000 // milliseconds
	defaultTimes, minTimes, maxTimes    = 1, 1, 1000
	maxClient                           = 255 // bytes of a client_id
)

// form is in which words an endpoint tells of an error.
type form int

const (
	asOAuth        form = iota // JSON of RFC 6749 5.2
	asBearer                   // the same, where a token is sent: RFC 6750 3.1
	asRegistration             // the same, with the codes of RFC 7591 3.2.2 and RFC 7592
	asProblem                  // RFC 9457, where a token is sent
	asText                     // a sentence for a person
)

// who is where a request to an endpoint names its client.
type who int

const (
	inForm   who = iota // RFC 6749 2.3.1: Basic, or client_id in the body
	inQuery             // RFC 6749 4.1.1: client_id of the authorization request
	inBearer            // RFC 9068 2.2: the claim client_id of the token
	nowhere
)

// endpoint is a place where faults can be. A path that ends in "/" stands for
// all below it.
type endpoint struct {
	name  string
	paths []string
	form  form
	who   who
	cors  bool // apps of other origins read its answers
}

// endpoints are named as a fault names them. The inspector is not among them:
// whoever asks for a fault must be able to take it back.
var endpoints = []endpoint{
	{"token", []string{"/oauth/token"}, asOAuth, inForm, true},
	{"authorize", []string{"/authorize"}, asText, inQuery, false},
	{"revoke", []string{"/oauth/revoke"}, asOAuth, inForm, true},
	{"introspect", []string{"/oauth/introspect"}, asOAuth, inForm, false},
	{"userinfo", []string{"/userinfo"}, asBearer, inBearer, true},
	{"par", []string{"/oauth/par"}, asOAuth, inForm, true},
	{"device", []string{"/oauth/device/code"}, asOAuth, inForm, true},
	{"register", []string{"/oidc/register", "/oidc/register/"}, asRegistration, nowhere, true},
	{"jwks", []string{"/.well-known/jwks.json"}, asOAuth, nowhere, true},
	{"discovery", []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}, asOAuth, nowhere, true},
	{"api", []string{"/api/"}, asProblem, inBearer, true},
	{"login", []string{"/login"}, asText, nowhere, false},
	{"consent", []string{"/consent"}, asText, nowhere, false},
	{"account", []string{"/account"}, asText, nowhere, false},
	{"logout", []string{"/oidc/logout", "/v2/logout", "/logout"}, asText, nowhere, false},
}

// Endpoints are the names of the places where a fault can be.
func Endpoints() []string {
	names := make([]string, len(endpoints))
	for i, e := range endpoints {
		names[i] = e.name
	}
	return names
}

func named(name string) (endpoint, bool) {
	i := slices.IndexFunc(endpoints, func(e endpoint) bool { return e.name == name })
	if i < 0 {
		return endpoint{}, false
	}
	return endpoints[i], true
}

// at finds the endpoint of a path; nil where there is none.
func at(path string) *endpoint {
	for i, e := range endpoints {
		for _, p := range e.paths {
			if path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p) {
				return &endpoints[i]
			}
		}
	}
	return nil
}

// asked is a fault as somebody asks for it: nil is what was not said.
type asked struct {
	client, endpoint, fault   string
	status, delayMS, howOften *int
}

// broken is a rule that a field breaks.
type broken struct{ field, rule string }

// held holds what was asked for against the rules and fills in what was not
// said. What belongs to another kind of fault has to be right too, and is left
// out then.
func (a asked) held() (Fault, []broken) {
	var errs []broken
	place, known := named(a.endpoint)
	if !known {
		errs = append(errs, broken{"endpoint", "has to be one of " + strings.Join(Endpoints(), ", ")})
	}
	if !slices.Contains(kinds, a.fault) {
		errs = append(errs, broken{"fault", "has to be one of " + strings.Join(kinds, ", ")})
	}
	switch {
	case a.client == "":
	case known && place.who == nowhere:
		errs = append(errs, broken{"client", "has to be left out here: a request to " + place.name + " does not say which client it is for"})
	case len(a.client) > maxClient || strings.ContainsFunc(a.client, unicode.IsControl):
		errs = append(errs, broken{"client", "has to be a client_id of at most " + strconv.Itoa(maxClient) + " bytes"})
	}
	within := func(field string, value *int, otherwise, low, high int) int {
		if value == nil {
			return otherwise
		}
		if *value < low || *value > high {
			errs = append(errs, broken{field, fmt.Sprintf("has to be from %d to %d", low, high)})
		}
		return *value
	}
	f := Fault{Client: a.client, Endpoint: a.endpoint, Fault: a.fault}
	status := within("status", a.status, defaultStatus, minStatus, maxStatus)
	delay := within("delay_ms", a.delayMS, defaultDelay, minDelay, maxDelay)
	f.Times = within("times", a.howOften, defaultTimes, minTimes, maxTimes)
	f.Left = f.Times
	switch f.Fault {
	case Error:
		f.Status = status
	case Delay:
		f.DelayMS = delay
	}
	return f, errs
}
