package auth

import (
	"time"

	"github.com/exampleco/punchcard/auth/limit"
)

// limits is what must not be tried without end, each with the clause that says
// so. Wrong secrets are counted in back, wrong passwords are counted in people, in the file.
type limits struct{ userCodes *limit.Limiter }

var (
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
		userCodes: limit.New(limit.Config{Each: userCodeRate, All: allUserCodeRate, FirstIsFree: true}),
	}
}

func (l limits) forget() {
	l.userCodes.Forget()
}
