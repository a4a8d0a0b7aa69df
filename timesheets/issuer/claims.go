package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/timesheets"
)

// clockLeeway is how far two clocks may differ where a token begins.
const clockLeeway = time.Minute

// claims are those of RFC 9068 2.2 and RFC 7662 2.2, which name them alike.
type claims struct {
	Issuer    string    `json:"iss"`
	Subject   string    `json:"sub"`
	Audience  oneOrMany `json:"aud"`
	Expiry    moment    `json:"exp"`
	IssuedAt  moment    `json:"iat"`
	NotBefore moment    `json:"nbf"`
	ClientID  string    `json:"client_id"`
	Scope     string    `json:"scope"`
	AuthTime  moment    `json:"auth_time"` // RFC 9068 2.2.1, RFC 9470 6.2
	Email     string    `json:"email"`
	Confirm   struct {
		JKT string `json:"jkt"` // RFC 9449 6.1 and 6.2
	} `json:"cnf"`
}

// oneOrMany is a claim that may be a string or a list of them (RFC 7519 4.1.3).
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		*o = make(oneOrMany, 1)
		return json.Unmarshal(raw, &(*o)[0])
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

// moment is a NumericDate of RFC 7519 2: seconds, perhaps with a fraction. The
// zero time where there is none.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds <= 0 || seconds > 1<<40 {
		return errors.New("not a NumericDate")
	}
	m.Time = time.UnixMilli(int64(seconds * 1000))
	return nil
}

// caller compares the claims with what this API expects.
func (r *remote) caller(ctx context.Context, c claims) (timesheets.Caller, error) {
	if !r.check(ctx, rules.Issuer, c.Issuer == r.Issuer, r.Issuer, c.Issuer) {
		return timesheets.Caller{}, timesheets.InvalidToken("it was issued by another server")
	}
	if !r.check(ctx, rules.Audience, slices.Contains(c.Audience, r.Audience), r.Audience, strings.Join(c.Audience, " ")) {
		return timesheets.Caller{}, timesheets.InvalidToken("it is meant for another API")
	}
	now := r.Now()
	if !r.check(ctx, rules.Expiry, now.Before(c.Expiry.Time), now.Format(time.RFC3339), c.Expiry.UTC().Format(time.RFC3339)) {
		return timesheets.Caller{}, timesheets.InvalidToken("it has expired")
	}
	begins := c.IssuedAt.Time
	if c.NotBefore.After(begins) {
		begins = c.NotBefore.Time
	}
	if !r.check(ctx, rules.Begun, !begins.After(now.Add(clockLeeway)), now.Format(time.RFC3339), begins.UTC().Format(time.RFC3339)) {
		return timesheets.Caller{}, timesheets.InvalidToken("it is not valid yet")
	}
	if !r.check(ctx, rules.Owner, c.Subject != "" && c.ClientID != "", "both", "sub "+c.Subject+", client_id "+c.ClientID) {
		return timesheets.Caller{}, timesheets.InvalidToken("it does not say whose it is")
	}
	return timesheets.Caller{
		Subject: c.Subject, ClientID: c.ClientID, Scopes: strings.Fields(c.Scope), ExpiresAt: c.Expiry.Time,
		// RFC 9068 2.2: sub is the client where there is no person.
		Machine: c.Subject == c.ClientID && c.AuthTime.IsZero(), Email: c.Email, AuthTime: c.AuthTime.Time, JKT: c.Confirm.JKT,
	}, nil
}
