package page

import "strings"

// Reference is the page at /docs: the API, made from its OpenAPI document.
type Reference struct {
	Title, Version string // of the API
	Base           string // what every path stands on, without a trailing slash
	Audience       string // the API's identifier, for which tokens must be meant
	DocumentHref   string // the OpenAPI document; "" where none is served
	AppHref        string // the phone app; "" where there is none
	Issuer         string
	Token          ReferenceToken
	Scopes         []ReferenceScope
	Groups         []ReferenceGroup
	Has            ReferenceHas
	Origins        []string // whose scripts may read answers
	Try            ReferenceTry
}

// ReferenceToken is how to come by a token, ready to be pasted.
type ReferenceToken struct {
	Machine    string // client credentials; "" where there is no machine client
	Use        string // the first call
	SignInHref string // begins the demo flow; "" where there is none
}

// ReferenceScope is a scope in plain words.
type ReferenceScope struct {
	Name, Title string
	Machine     bool // only client credentials can give it
}

// ReferenceHas says which conventions the document knows, so that none is
// explained that the API does not keep.
type ReferenceHas struct {
	Pages, Idempotency, Concurrency, CSV bool
}

// ReferenceTry is the public client that "try it" signs in with. Without a
// client nothing can be tried from the page.
type ReferenceTry struct {
	Client, Redirect string
	Module           string // address of the script
}

// ReferenceGroup is the operations of one tag.
type ReferenceGroup struct {
	ID, Title, Text string
	Operations      []ReferenceOperation
}

// ReferenceOperation is one method on one path.
type ReferenceOperation struct {
	ID, Method, Path string
	Summary, Text    string
	Scope            ReferenceScope // without a name: any valid token
	Parameters       []ReferenceField
	Body             *ReferenceBody
	Responses        []ReferenceResponse
	Examples         []ReferenceExample
}

// ReferenceField is a parameter, a header, or a field of a JSON object.
type ReferenceField struct {
	Name     string // entries[].hours for a field further down
	In       string // path, query, header; "" for a field
	Type     string
	Required bool
	Rules    []string // limits, in words
	Choices  []string // of an enumeration
	Text     string
	Example  string
}

// ReferenceBody is what a request carries.
type ReferenceBody struct {
	Type     string
	Required bool
	Text     string
	Fields   []ReferenceField
	Example  string
}

// ReferenceResponse is one answer. Status is "default" for every other one.
type ReferenceResponse struct {
	Status, Text string
	Headers      []ReferenceField
	Bodies       []ReferenceBody
}

// ReferenceExample is the call in one language.
type ReferenceExample struct {
	Language, Code string
}

// good says whether the status is one of success.
func (r ReferenceResponse) good() bool { return strings.HasPrefix(r.Status, "2") }

// status is what a person reads in its place.
func (r ReferenceResponse) status() string {
	if r.Status == "default" {
		return "else"
	}
	return r.Status
}

// tryable says whether a person's sign-in can give what the operation needs.
func (o ReferenceOperation) tryable(t ReferenceTry) bool { return t.Client != "" && !o.Scope.Machine }

// kind is a short word of a field: its type, and how it is sent.
func (f ReferenceField) kind() string {
	if f.In == "" {
		return f.Type
	}
	return f.Type + ", in the " + f.In
}

// sent is how a parameter travels, and whether it must.
func (f ReferenceField) sent() string {
	if f.Required {
		return f.In + ", " + required
	}
	return f.In
}

// methodClass is the colour of a method, which is never colour alone.
func methodClass(method string) string {
	switch method {
	case "GET":
		return "m-get"
	case "POST":
		return "m-post"
	case "DELETE":
		return "m-delete"
	}
	return "m-put"
}
