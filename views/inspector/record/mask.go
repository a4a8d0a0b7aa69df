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
type masker struct{ known *strings.Replacer }

func newMasker(values []Value) masker {
	return masker{Replacer(values, func(_ int, v Value, _ string) string { return v.Mask })}
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

// address and form mask parameters one by one, because there are many ways to
// write a value in them: %3a for %3A, %70 for p.
func (m masker) address(s string) string {
	path, query, ok := strings.Cut(s, "?")
	if !ok {
		return m.form(s)
	}
	return m.part(path) + "?" + m.form(query)
}

func (m masker) form(encoded string) string {
	pairs := strings.Split(encoded, "&")
	for i, pair := range pairs {
		name, value, has := strings.Cut(pair, "=")
		if pairs[i] = m.part(name); has {
			pairs[i] += "=" + m.part(value)
		}
	}
	return strings.Join(pairs, "&")
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

func (m masker) headers(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			if name == "Location" || name == "Referer" {
				out[name] = append(out[name], m.address(v))
			} else {
				out[name] = append(out[name], m.text(v))
			}
		}
	}
	return out
}

func (m masker) exchange(x *Exchange) *Exchange {
	out := *x
	out.Target, out.Body, out.AnswerBody, out.Handed = m.address(x.Target), m.text(x.Body), m.text(x.AnswerBody), m.form(x.Handed)
	if isForm(x.Header) {
		out.Body = m.form(x.Body)
	}
	out.Header, out.Answer = m.headers(x.Header), m.headers(x.Answer)
	out.Checks = make([]Check, len(x.Checks))
	for i, c := range x.Checks {
		c.Expected, c.Got = m.text(c.Expected), m.text(c.Got)
		out.Checks[i] = c
	}
	return &out
}

// Masked returns the run with every value cut after six characters, beside its
// hash. What a token says is no secret, and stays.
func (r Run) Masked() Run {
	values := r.Values()
	claims := map[string][2]string{}
	for id, c := range r.claims {
		claims[id] = c
	}
	for _, v := range values {
		if payload := Payload(v.Raw); payload != "" {
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
	for i := range values {
		values[i].Raw = ""
	}
	r.kept = values
	return r
}
