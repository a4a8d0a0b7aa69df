package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// decoded is a token taken apart. An access token is for the API to read; a
// client that shows it, as here, must not decide anything by it (RFC 9068 6).
type decoded struct {
	Header    map[string]any `json:"header"`
	Claims    map[string]any `json:"claims"`
	Signature string         `json:"signature"` // "good", or why that is not known
}

func (a *app) decode(ctx context.Context, s *session, asJSON bool) error {
	parts := strings.Split(s.Access, ".")
	var d decoded
	if len(parts) != 3 || !unpack(parts[0], &d.Header) || !unpack(parts[1], &d.Claims) {
		return fail("This server's access tokens are opaque: only the server can say what is in one.", "Ask it: "+a.command("whoami"))
	}
	d.Signature = a.signature(ctx, s.Access)
	if asJSON {
		return a.json(d)
	}
	fmt.Fprintln(a.Out, "Header")
	if err := a.lines(meanings(d.Header, headerOrder, inHeader, time.Now())); err != nil {
		return err
	}
	fmt.Fprintln(a.Out, "\nClaims")
	if err := a.lines(meanings(d.Claims, claimOrder, inClaims, time.Now())); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "\nSignature\n  %s\n", d.Signature)
	return err
}

func unpack(part string, into *map[string]any) bool {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return false
	}
	numbers := json.NewDecoder(bytes.NewReader(data))
	numbers.UseNumber() // a time stays the number that it is
	return numbers.Decode(into) == nil
}

// signature says no more than was found out.
func (a *app) signature(ctx context.Context, token string) string {
	server, err := a.wire.discover(ctx)
	if err == nil {
		_, err = a.wire.verify(ctx, server, token)
	}
	switch {
	case err == nil:
		return "good: checked with the key that the server publishes"
	case errors.Is(err, errOffline):
		return "not checked: the server does not answer"
	}
	return "NOT GOOD: " + plain(err.Error())
}

// meanings puts each member beside what it means.
func meanings(members map[string]any, order []string, meaning func(name, value string) string, now time.Time) (out [][2]string) {
	names := slices.Sorted(maps.Keys(members))
	slices.SortStableFunc(names, func(x, y string) int { return rank(order, x) - rank(order, y) })
	for _, name := range names {
		value := plain(text(members[name]))
		if number, ok := members[name].(json.Number); ok && slices.Contains([]string{"exp", "iat", "nbf", "auth_time"}, name) {
			if seconds, err := number.Int64(); err == nil {
				value = moment(time.Unix(seconds, 0), now)
			}
		}
		if said := meaning(name, value); said != "" {
			value = said + ": " + value
		}
		out = append(out, [2]string{plain(name), value})
	}
	return out
}

// text is a value as people read it; what has parts stays JSON.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = text(v[i])
		}
		return strings.Join(parts, ", ")
	}
	data, _ := json.Marshal(v) // it came out of JSON
	return string(data)
}

func rank(order []string, name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

func moment(t, now time.Time) string {
	at := t.Local().Format("2006-01-02 15:04:05")
	if t.After(now) {
		return at + ", in " + span(t.Sub(now))
	}
	return at + ", " + span(now.Sub(t)) + " ago"
}

var (
	headerOrder = []string{"typ", "alg", "kid"}
	claimOrder  = []string{"iss", "sub", "email", "aud", "client_id", "scope", "iat", "exp", "auth_time", "acr", "amr", "jti"}
)

func inHeader(name, value string) string {
	switch name + " " + strings.TrimPrefix(strings.ToLower(value), "application/") {
	case "typ at+jwt":
		return "an access token, and nothing else (RFC 9068)"
	case "alg es256":
		return "signed with ECDSA, on the curve P-256"
	case "alg rs256":
		return "signed with RSA"
	}
	if name == "kid" {
		return "by this one of the server's keys"
	}
	return ""
}

func inClaims(name, _ string) string {
	return map[string]string{
		"iss": "made by this server", "sub": "for this person", "email": "whose address is", "aud": "good at this API and nowhere else",
		"client_id": "given to this app", "scope": "allows this and no more", "iat": "made", "exp": "ends", "nbf": "begins",
		"auth_time": "the person signed in", "acr": "how surely", "amr": "by", "cnf": "good only with this key", "jti": "its number",
	}[name]
}
