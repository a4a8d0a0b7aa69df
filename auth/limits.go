package auth

import (
	"net/http"
	"time"

	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/oauth"
)

// limits is what must not be tried without end, each with the clause that says
// so. Wrong passwords are counted in people, in the file.
type limits struct{ secrets, registrations, userCodes *limit.Limiter }

var (
	// Wrong secrets of one client from one network. RFC 6749 2.3.1: the server
	// MUST protect any endpoint that takes client passwords against brute force.
	secretRate = limit.Rate{Burst: 30, Every: 2 * time.Second}

	// Registrations from one network, and from all. RFC 7591 5: an open endpoint
	// is a place for strangers to fill.
	registrationRate    = limit.Rate{Burst: 30, Every: 5 * time.Second}
	allRegistrationRate = limit.Rate{Burst: 100, Every: time.Second}

	// Wrong user codes from one network, and from all. RFC 8628 5.1: a user code
	// is short, so guessing has to be slow. Against 20^8 codes, some four
	// hundred guesses in the ten minutes that a code lives find it once in sixty
	// million attacks. The first code from a network is looked at even while all
	// have to wait, so that a flood from many networks keeps nobody from typing
	// the code of their own device.
	userCodeRate    = limit.Rate{Burst: 10, Every: 10 * time.Second}
	allUserCodeRate = limit.Rate{Burst: 100, Every: 2 * time.Second}
)

func newLimits() limits {
	return limits{
		secrets:       limit.New(limit.Config{Each: secretRate}),
		registrations: limit.New(limit.Config{Each: registrationRate, All: allRegistrationRate}),
		userCodes:     limit.New(limit.Config{Each: userCodeRate, All: allUserCodeRate, FirstIsFree: true}),
	}
}

func (l limits) forget() {
	l.secrets.Forget()
	l.registrations.Forget()
	l.userCodes.Forget()
}

func tooManyRegistrations(wait time.Duration) *oauth.Error {
	e := oauth.NewError("temporarily_unavailable", "Too many clients are being registered. Wait before the next one.")
	e.Status, e.RetryAfter = http.StatusTooManyRequests, wait
	return e
}
