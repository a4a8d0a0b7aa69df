package timesheets

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// maxAge marks the operations that demand a recent sign-in, with how old it may
// be: RFC 9470, step-up authentication.
const maxAge = "max age"

// afterSignIn has an operation demand a sign-in no older than age; 0 demands
// nothing.
func afterSignIn(age time.Duration, op huma.Operation) huma.Operation {
	if age > 0 {
		op.Metadata = map[string]any{maxAge: age}
	}
	return op
}

// admitsAge compares the time of the sign-in with what the operation demands. A
// refresh does not help, because it keeps the time of the first sign-in (OIDC
// Core 12.2).
func (a *API) admitsAge(ctx context.Context, op *huma.Operation, sent credentials, caller Caller) error {
	limit, demanded := op.Metadata[maxAge].(time.Duration)
	if !demanded {
		return nil
	}
	// A token that says nothing of the sign-in proves nothing of its age.
	known := caller.AuthTime.Unix() > 0
	ok := known && a.now().Sub(caller.AuthTime) <= limit
	got := "unknown"
	if known {
		got = caller.AuthTime.UTC().Format(time.RFC3339)
	}
	if a.check(ctx, rules.RecentSignIn, ok, "auth_time from "+a.now().Add(-limit).UTC().Format(time.RFC3339)+" on", got) {
		return nil
	}
	seconds := strconv.Itoa(int(limit / time.Second))
	challenge := a.challenge(sent.scheme, "insufficient_user_authentication", "the sign-in is older than "+seconds+" seconds", sent.demand)
	return newProblem(http.StatusUnauthorized, "This needs a sign-in no older than "+inWords(limit)+", and the access token comes from an older one. Have the person sign in again, with max_age="+seconds+" in the authorization request.").
		with("WWW-Authenticate", challenge+fmt.Sprintf(`, max_age="%s"`, seconds))
}

// describeAge tells the readers of the API's description what is demanded.
func describeAge(op *huma.Operation) {
	limit, demanded := op.Metadata[maxAge].(time.Duration)
	if !demanded {
		return
	}
	op.Description += fmt.Sprintf(" The person must have signed in no longer than %s ago.", inWords(limit))
	refusal := op.Responses[strconv.Itoa(http.StatusUnauthorized)]
	refusal.Description += fmt.Sprintf(` Or it comes from an older sign-in than %s: error="insufficient_user_authentication" and max_age="%d" (RFC 9470).`, inWords(limit), int(limit/time.Second))
}

func inWords(d time.Duration) string {
	n, unit := int(d/time.Second), "second"
	if d%time.Minute == 0 {
		n, unit = int(d/time.Minute), "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}
