package record

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// shaped masks what has the shape of this server's secrets, wherever it turns
// up: a token in a path, a code in a header that nobody defines. It is read by
// hand, because everything that is saved goes through here.
func shaped(s string) string {
	var out strings.Builder
	kept := 0
	for i := 0; i < len(s); i++ {
		n := 0
		switch s[i] {
		case 'e':
			n = jwtAt(s[i:])
		case 'p':
			n = opaqueAt(s[i:])
		}
		if n == 0 {
			continue
		}
		out.WriteString(s[kept:i] + NewValue(Token, s[i:i+n]).Mask)
		i += n
		kept = i
		i--
	}
	if kept == 0 {
		return s
	}
	return out.String() + s[kept:]
}

// jwtAt is the length of the JWT that s begins with, 0 for none. Its last part
// may be empty.
func jwtAt(s string) int {
	rest, ok := strings.CutPrefix(s, "eyJ")
	if !ok {
		return 0
	}
	head := word(rest)
	if head < 4 || !strings.HasPrefix(rest[head:], ".") {
		return 0
	}
	rest = rest[head+1:]
	if rest = rest[word(rest):]; !strings.HasPrefix(rest, ".") {
		return 0
	}
	rest = rest[1:]
	return len(s) - len(rest[word(rest):])
}

// opaqueAt is the length of the code or token of ours that s begins with, 0 for
// none: pcc_ and pcr_ and their like, which are random.
func opaqueAt(s string) int {
	if len(s) < 4 || s[1] != 'c' || s[2] < 'a' || s[2] > 'z' || s[3] != '_' {
		return 0
	}
	if n := word(s[4:]); n >= 20 {
		return 4 + n
	}
	return 0
}

// word is how many characters of base64url s begins with.
func word(s string) (n int) {
	for n < len(s) {
		switch c := s[n]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
			n++
		default:
			return n
		}
	}
	return n
}

// masker writes the mask of each value in place of the value.
type masker struct {
	known *strings.Replacer
	whole map[string]string // the masks of the values, by these
}

func newMasker(values []Value) masker {
	m := masker{Replacer(values, func(_ int, v Value, _ string) string { return v.Mask }), map[string]string{}}
	for _, v := range values {
		if v.Raw != "" {
			m.whole[v.Raw] = v.Mask
		}
	}
	return m
}

// Replacer puts something in the place of each value, in every form in which it
// may be written. The longest form is looked for first: a token without its
// signature is the beginning of the one with it.
func Replacer(values []Value, with func(i int, v Value, form string) string) *strings.Replacer {
	type place struct{ form, with string }
	var places []place
	for i, v := range values {
		for _, form := range v.Forms() {
			places = append(places, place{form, with(i, v, form)})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return len(b.form) - len(a.form) })
	pairs := make([]string, 0, 2*len(places))
	for _, p := range places {
		pairs = append(pairs, p.form, p.with)
	}
	return strings.NewReplacer(pairs...)
}

// wireForms are the ways in which a value is written in a URL, a form or a
// header.
func wireForms(raw string) []string {
	forms := []string{url.QueryEscape(raw), url.PathEscape(raw), raw}
	slices.Sort(forms)
	return slices.Compact(forms)
}

func (m masker) text(s string) string { return shaped(m.known.Replace(s)) }

// address masks the parameters of a URL, in the query and the fragment, and
// what stands before its host.
func (m masker) address(s string) string {
	s, fragment, hasFragment := strings.Cut(s, "#")
	where, query, hasQuery := strings.Cut(s, "?")
	out := m.path(where)
	if hasQuery {
		out += "?" + m.form(query)
	}
	switch {
	case hasFragment && strings.Contains(fragment, "="):
		out += "#" + m.form(fragment)
	case hasFragment:
		out += "#" + m.path(fragment)
	}
	return out
}

// path leaves the parts that can be names of something.
func (m masker) path(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	} else {
		scheme += "://"
		host, below, more := strings.Cut(rest, "/")
		if _, after, ok := strings.Cut(host, "@"); ok { // RFC 3986 3.2.1
			host = Hidden + "@" + after
		}
		if rest = host; more {
			rest += "/" + below
		}
	}
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		if parts[i] = m.part(part); len(parts[i]) > longestName {
			parts[i] = Hidden
		}
	}
	return scheme + strings.Join(parts, "/")
}

// form masks parameters one by one, as they are read: there are many ways to
// write a value in them, %3a for %3A, %70 for p. A word that is no parameter
// can be anything.
func (m masker) form(encoded string) string {
	pairs := strings.Split(encoded, "&")
	for i, pair := range pairs {
		name, value, has := strings.Cut(pair, "=")
		plainName, err := url.QueryUnescape(name)
		known := err == nil && (shownParams[plainName] || parameters[plainName] != "")
		switch {
		case pair == "":
		case !has && !known:
			pairs[i] = Hidden
		case has:
			if !known && (len(name) > longestWord || strings.Trim(value, "=") == "" || m.part(name) != name) {
				name = Hidden // of base64, what stands before "=" would be a name
			}
			pairs[i] = name + "=" + m.value(plainName, strings.TrimLeft(value, "="))
		}
	}
	return strings.Join(pairs, "&")
}

// value is one of a form. One that needs no mask stays as it was sent.
func (m masker) value(name, encoded string) string {
	if encoded == "" {
		return ""
	}
	plain, err := url.QueryUnescape(encoded)
	if err != nil {
		return Hidden
	}
	switch masked := m.named(name, plain); {
	case masked == plain:
		return encoded
	case strings.ContainsAny(masked, "&=#%+ "):
		return strings.NewReplacer("%E2%80%A6", "…", "%E2%80%A2", "•").Replace(url.QueryEscape(masked))
	default:
		return masked
	}
}

// part is masked as it is read, if there is anything to mask in that.
func (m masker) part(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil && plain != s {
		if masked := m.text(plain); masked != plain {
			return masked
		}
	}
	return m.text(s)
}

// body masks a body by what it says it is; one that cannot be read goes whole.
func (m masker) body(h http.Header, body string, cut int) (string, int) {
	switch kind := strings.ToLower(h.Get("Content-Type")); {
	case body == "":
		return "", cut
	case isForm(h):
		return m.form(body), cut
	case strings.Contains(kind, "json"):
		if masked, err := rewriteJSON(body, m.hidesMember, m.named); err == nil {
			return masked, cut
		}
	}
	return "", cut + len(body)
}

func (m masker) hidesMember(name string) bool {
	return !shownParams[name] && parameters[name] == ""
}

// answer is body for what this server says. Its metadata and its keys are
// public, and its tables and sentences are made of what is shown elsewhere.
func (m masker) answer(x *Exchange) (string, int) {
	kind, _, _ := strings.Cut(x.Answer.Get("Content-Type"), ";")
	switch {
	case x.Kind == KindMetadata, x.Kind == KindKeys, kind == "text/csv", kind == "text/plain":
		return m.text(x.AnswerBody), x.AnswerCut
	}
	return m.body(x.Answer, x.AnswerBody, x.AnswerCut)
}

func (m masker) exchange(x *Exchange) *Exchange {
	out := *x
	out.Target, out.Handed = m.address(x.Target), m.form(x.Handed)
	out.Body, out.BodyCut = m.body(x.Header, x.Body, x.BodyCut)
	out.AnswerBody, out.AnswerCut = m.answer(x)
	out.Header, out.Answer = m.headers(x.Header), m.headers(x.Answer)
	out.Checks = make([]Check, len(x.Checks))
	for i, c := range x.Checks {
		c.Expected, c.Got = m.text(c.Expected), m.text(c.Got)
		out.Checks[i] = c
	}
	return &out
}

// longestClaims bounds what is kept of what a token says, in bytes.
const longestClaims = 4 << 10

// Masked returns the run as the file has it. Of what travels there is a hash,
// and of what this server issues the first six characters; of what is known to
// be harmless all, and of the rest nothing. What a token says is no secret, and
// stays.
func (r Run) Masked() Run {
	values := r.Values()
	claims := map[string][2]string{}
	for _, v := range values {
		if c, known := r.claims[v.ID()]; known {
			claims[v.ID()] = c
		}
		if payload := Payload(v.Raw); payload != "" && len(payload) <= longestClaims {
			claims[v.ID()] = [2]string{Header(v.Raw), payload}
		}
	}
	r.claims = claims
	m := newMasker(values)
	for id, c := range claims {
		claims[id] = [2]string{c[0], m.text(c[1])}
	}
	exchanges := make([]*Exchange, len(r.Exchanges))
	for i, x := range r.Exchanges {
		exchanges[i] = m.exchange(x)
	}
	r.Exchanges = exchanges
	r.Client, r.Email = m.text(r.Client), m.text(r.Email)
	for i := range values {
		values[i].Raw = ""
	}
	r.kept = values
	return r
}
