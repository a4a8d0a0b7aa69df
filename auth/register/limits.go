package register

import (
	"net/http"
	"time"

	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/oauth"
)

// Registrations from one network, and from all. RFC 7591 5: an open endpoint
// is a place for strangers to fill.
var (
	registrationRate    = limit.Rate{Burst: 30, Every: 5 * time.Second}
	allRegistrationRate = limit.Rate{Burst: 100, Every: time.Second}
)

func newFloods() *limit.Limiter {
	return limit.New(limit.Config{Each: registrationRate, All: allRegistrationRate})
}

func tooManyRegistrations(wait time.Duration) *oauth.Error {
	e := oauth.NewError("temporarily_unavailable", "Too many clients are being registered. Wait before the next one.")
	e.Status, e.RetryAfter = http.StatusTooManyRequests, wait
	return e
}
