package record

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
)

// Value is something that travels from one exchange to another.
type Value struct {
	Kind ValueKind `json:"kind"`
	Raw  string    `json:"-"`    // "" where only the mask is left
	Mask string    `json:"mask"` // how it is written where it is masked
	Hash string    `json:"hash"` // SHA-256 in hex; only its beginning, where it was read from a mask
}

// ID is short enough to follow a value through the ledger, which prints the
// same.
func (v Value) ID() string { return v.Hash[:8] }

// ValueKind says what a value is.
type ValueKind string

// The kinds of values.
const (
	Code      ValueKind = "authorization code"
	Verifier  ValueKind = "code_verifier"
	Challenge ValueKind = "code_challenge"
	Access    ValueKind = "access token"
	Refresh   ValueKind = "refresh token"
	ID        ValueKind = "ID token"
	State     ValueKind = "state"
	Nonce     ValueKind = "nonce"
	Flow      ValueKind = "pending request"
	Token     ValueKind = "token" // of unknown kind

	Pushed       ValueKind = "request_uri"               // RFC 9126 2.2
	Device       ValueKind = "device code"               // RFC 8628 3.2
	UserCode     ValueKind = "user code"                 // the same for people to type
	Registration ValueKind = "registration access token" // RFC 7592
)

// parameters that carry values, by name.
var parameters = map[string]ValueKind{
	"code": Code, "code_verifier": Verifier, "code_challenge": Challenge, "state": State, "nonce": Nonce, "flow": Flow,
	"access_token": Access, "refresh_token": Refresh, "id_token": ID, "id_token_hint": ID, "token": Token,
	"request_uri": Pushed, "device_code": Device, "user_code": UserCode, "registration_access_token": Registration,
}

// answers are the members of JSON answers that carry values.
var answers = map[Kind][]string{
	KindToken:    {"access_token", "refresh_token", "id_token"},
	KindDevice:   {"device_code", "user_code"},
	KindPushed:   {"request_uri"},
	KindRegister: {"registration_access_token"},
	KindOther:    {"access_token", "refresh_token", "id_token", "device_code", "user_code", "request_uri", "registration_access_token"},
}

// shortest is the length from which a value is told from a word, in bytes.
const shortest = 8

// NewValue names a value, or what is left of one. A mask has the id, and where
// this server issued the value, its first six characters.
func NewValue(kind ValueKind, raw string) Value {
	if masked.MatchString(raw) {
		return Value{Kind: kind, Mask: raw, Hash: raw[len(raw)-8:]}
	}
	sum := sha256.Sum256([]byte(raw))
	hash := hex.EncodeToString(sum[:])
	return Value{Kind: kind, Raw: raw, Hash: hash, Mask: maskOf(raw, hash)}
}

var masked = regexp.MustCompile(`^(` + pushed + `)?[A-Za-z0-9_-]{0,6}…[0-9a-f]{8}$`)

// pushed is the beginning of every request_uri, and no secret: RFC 9126 2.2.
const pushed = "urn:ietf:params:oauth:request_uri:"

// maskOf leaves six characters of what is known to be random, and nothing of
// what somebody chose: that can be a password in the wrong place.
func maskOf(raw, hash string) string {
	if secret, ok := strings.CutPrefix(raw, pushed); ok && word(secret) == len(secret) && len(secret) > 20 {
		return pushed + secret[:6] + "…" + hash[:8]
	}
	if recognized(raw) {
		return raw[:6] + "…" + hash[:8]
	}
	return "…" + hash[:8]
}

// recognized is true of a whole code or token of the kinds that servers like
// this one issue.
func recognized(s string) bool {
	return s != "" && (jwtAt(s) == len(s) || opaqueAt(s) == len(s))
}

// ChallengeOf returns the S256 code challenge of a verifier, RFC 7636 4.2.
func ChallengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Sent are the values in the request.
func (x *Exchange) Sent() (values []Value) {
	x.each(func(answer bool, kind ValueKind, raw string) {
		if !answer {
			values = append(values, NewValue(kind, raw))
		}
	})
	return values
}

// Given are the values in the answer.
func (x *Exchange) Given() (values []Value) {
	x.each(func(answer bool, kind ValueKind, raw string) {
		if answer {
			values = append(values, NewValue(kind, raw))
		}
	})
	return values
}

// each finds the values where the protocol puts them: parameters, the
// Authorization header, the redirect, the token response.
//
// An exchange of these protocols has a few of them. Who sends thousands does not
// have them all followed.
func (x *Exchange) each(use func(answer bool, kind ValueKind, raw string)) {
	sent, given := 0, 0
	found := func(answer bool, kind ValueKind, raw string) bool {
		n := &sent
		if answer {
			n = &given
		}
		if *n++; *n > maxValues {
			return false
		}
		use(answer, kind, raw)
		return true
	}
	params := func(answer bool, encoded string) {
		for encoded != "" {
			var pair string
			pair, encoded, _ = strings.Cut(encoded, "&")
			name, value, _ := strings.Cut(pair, "=")
			if kind, known := parameters[name]; known && len(value) >= shortest {
				if plain, err := url.QueryUnescape(value); err == nil && len(plain) >= shortest && !found(answer, kind, plain) {
					return
				}
			}
		}
	}
	if _, query, ok := strings.Cut(x.Target, "?"); ok {
		params(false, query)
	}
	if x.Body != "" && isForm(x.Header) {
		params(false, x.Body)
	}
	if _, query, ok := strings.Cut(x.Header.Get("Referer"), "?"); ok {
		params(false, query)
	}
	for _, sent := range x.Header["Authorization"] {
		if fields := strings.Fields(sent); len(fields) == 2 && bearing(fields[0]) && len(fields[1]) >= shortest {
			found(false, Access, fields[1])
		}
	}
	if to := x.goesTo(); to != "" {
		to, fragment, _ := strings.Cut(to, "#")
		_, query, _ := strings.Cut(to, "?")
		params(true, query)
		params(true, fragment)
	}
	params(true, x.Handed)
	for _, name := range answers[x.Kind] {
		if value := jsonString(x.AnswerBody, name); len(value) >= shortest {
			found(true, parameters[name], value)
		}
	}
}

// Payload decodes the middle part of a JWT without believing it; "" where the
// token is none.
func Payload(token string) string {
	return jwtPart(token, 1)
}

// Header decodes the first part of a JWT; "" where the token is none.
func Header(token string) string {
	return jwtPart(token, 0)
}

func jwtPart(token string, n int) string {
	parts := strings.SplitN(token, ".", 4)
	if len(parts) != 3 {
		return ""
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[n], "="))
	if err != nil || len(decoded) == 0 || decoded[0] != '{' {
		return ""
	}
	return string(decoded)
}

// Forms are the ways in which a value may stand in a text: as it is, escaped
// for a URL, as its mask, or as its id in the ledger.
func (v Value) Forms() []string {
	forms := []string{v.Mask}
	if v.Raw != "" {
		forms = append(forms, wireForms(v.Raw)...)
	}
	return forms
}

// typed is a user code however a person writes it: RFC 8628 6.1.
func typed(code string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z':
			return c - 'a' + 'A'
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return c
		}
		return -1
	}, code)
}
