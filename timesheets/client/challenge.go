package client

import "strings"

// challenge is a WWW-Authenticate header of RFC 6750 3: how the API says what a
// token lacks.
type challenge map[string]string

// parseChallenge reads the Bearer challenge among those that were sent. RFC
// 9110 11.2: parameters are name=token or name="quoted", in any case and order.
func parseChallenge(headers []string) challenge {
	for _, header := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
		if strings.EqualFold(scheme, "Bearer") {
			return parseParameters(rest)
		}
	}
	return challenge{}
}

func parseParameters(s string) challenge {
	out := challenge{}
	for {
		s = strings.TrimLeft(s, " \t,")
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			return out
		}
		var value string
		if value, s, ok = parseValue(strings.TrimLeft(rest, " \t")); !ok {
			return out
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := out[name]; !twice {
			out[name] = value
		}
	}
}

// parseValue takes a token or a quoted string off the front of s.
func parseValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false // it never ends
}
