package inspector

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// operation is one of the API, with the scopes that it needs.
type operation struct {
	name   string
	scopes []string
}

// operationsOf reads them from the OpenAPI document.
func operationsOf(document []byte) (out []operation) {
	var doc struct {
		Paths map[string]map[string]struct {
			Security []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	if json.Unmarshal(document, &doc) != nil {
		return nil
	}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			op := operation{name: strings.ToUpper(method) + " " + path}
			for _, scheme := range o.Security {
				for _, scopes := range scheme {
					op.scopes = append(op.scopes, scopes...)
				}
			}
			out = append(out, op)
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(sortable(a.name), sortable(b.name)) })
	return out
}

// sortable puts an operation by its path, reading before writing.
func sortable(name string) string {
	method, path, _ := strings.Cut(name, " ")
	return path + " " + strconv.Itoa(slices.Index([]string{"GET", "POST", "PUT", "DELETE"}, method))
}

// tokens are those that an exchange carries, each once.
func (d *drawn) tokens(x *record.Exchange) (out []page.Token) {
	for _, v := range append(x.Given(), x.Sent()...) {
		kind := d.marks.kind(v)
		if kind != record.Access && kind != record.ID && kind != record.Token {
			continue
		}
		if slices.ContainsFunc(out, func(t page.Token) bool { return t.Value == v.ID() }) {
			continue
		}
		if t, ok := d.decoded(v, kind); ok {
			out = append(out, t)
		}
	}
	return out
}

// decoded says what a token says. It believes nothing: whether the signature
// fits is the ledger's to say.
func (d *drawn) decoded(v record.Value, kind record.ValueKind) (page.Token, bool) {
	head, payload := record.Header(v.Raw), record.Payload(v.Raw)
	if v.Raw == "" {
		head, payload = d.run.Claims(v)
	}
	t := page.Token{Name: strings.ToUpper(string(kind)[:1]) + string(kind)[1:], Kind: colour(kind), Value: v.ID()}
	if v.Raw == "" {
		t.Masked = v.Mask
	} else if parts := strings.SplitN(v.Raw, ".", 3); len(parts) == 3 {
		copy(t.Parts[:], parts)
	}
	var claims map[string]any
	if payload == "" || decode(payload, &claims) != nil {
		return t, false
	}
	t.Header, t.Claims = claimsOf(head, headerOrderJWT, d.now), claimsOf(payload, claimOrder, d.now)
	t.Signature = d.signature(v, head)
	iat, exp := number(claims["iat"]), number(claims["exp"])
	t.Expires, t.Lifetime = exp, exp-iat
	d.left(&t, v)
	if kind == record.Access {
		t.Opens = d.opens(claims, t.State)
	}
	if t.State == "alive" && kind == record.Access && len(v.Hash) > 8 {
		t.ExpireHref = path + "/expire/" + v.Hash
	}
	return t, true
}

// decode keeps numbers as they were sent.
func decode(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

func number(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}

// left is how much of its life a token has, and what became of it.
func (d *drawn) left(t *page.Token, v record.Value) {
	t.State = d.fates.of(v)
	left := time.Unix(t.Expires, 0).Sub(d.now)
	switch {
	case t.State != "alive":
		t.Left = t.State
	case left <= 0:
		t.State, t.Left = "expired", "expired"
	default:
		t.Left = countdown(left) + " left"
		t.Tenth = int(min(10, 1+9*int64(left/time.Second)/max(1, t.Lifetime)))
	}
	if t.State == "foreign" {
		t.Left = "not issued in this run"
	}
}

func countdown(d time.Duration) string {
	s := int(d.Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func (d *drawn) signature(v record.Value, head string) string {
	alg, kid := claim(head, "alg"), claim(head, "kid")
	by := "signed with " + alg
	switch {
	case alg == "" || alg == "none":
		by = "not signed at all"
	case kid != "":
		by += ", key " + elidedKey(kid)
	}
	for _, x := range d.run.Exchanges {
		for _, c := range x.Checks {
			if c.Rule == signedRule && strings.Contains(c.Got, v.ID()) {
				if c.OK {
					return by + ": checked, and it fits"
				}
				return by + ": checked, and refused"
			}
		}
	}
	return by
}

func claim(text, name string) string {
	var claims map[string]any
	if decode(text, &claims) != nil {
		return ""
	}
	s, _ := claims[name].(string)
	return s
}

func elidedKey(kid string) string {
	if len(kid) > 8 {
		return kid[:8] + "…"
	}
	return kid
}

// opens says which operations of the API the token opens.
func (d *drawn) opens(claims map[string]any, state string) (out []page.Opening) {
	scope, _ := claims["scope"].(string)
	has := strings.Fields(scope)
	for _, o := range d.operations {
		opening := page.Opening{Operation: o.name, OK: state == "alive"}
		for _, s := range o.scopes {
			if !slices.Contains(has, s) {
				opening.OK, opening.Needs = false, s
			}
		}
		out = append(out, opening)
	}
	return out
}

// claimsOf lists the members of a JSON object, those that matter most first.
func claimsOf(text string, order []string, now time.Time) (out []page.Claim) {
	var claims map[string]any
	if decode(text, &claims) != nil {
		return nil
	}
	names := make([]string, 0, len(claims))
	for name := range claims {
		names = append(names, name)
	}
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(names, func(a, b string) int {
		if n := rank(a) - rank(b); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		c := page.Claim{Name: name, Meaning: meaning(name)}
		switch value := claims[name].(type) {
		case string:
			c.Value = value
			if name == "scope" {
				c.Chips, c.Value = strings.Fields(value), ""
			}
		case json.Number:
			c.Value = value.String()
			if n := number(value); slices.Contains([]string{"exp", "iat", "nbf", "auth_time"}, name) {
				c.Meaning += ": " + when(time.Unix(n, 0), now)
			}
		default:
			b, _ := json.Marshal(value)
			c.Value = string(b)
		}
		out = append(out, c)
	}
	return out
}
