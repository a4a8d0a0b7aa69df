package auth

import (
	"time"

	"github.com/exampleco/punchcard/auth/oauth"
)

// A flow is an authorization request on its way to an answer: parked in the
// file, bound to one browser, decided once and spent once.
//
//	authorize ──► login ──► authorize ──► consent ──► authorize ──► client
//	device ──► login ──► authorize ──► device ──► authorize ──► consent ──► authorize
//
// Login and consent both return to /authorize and never know what comes next;
// next alone decides, from what is stored. So no step can be skipped by
// calling a later one, and every transition is a row of a table test.
type flow struct {
	ID        string // hash of the handle
	Handle    string // what the URL carries; known only to whoever presents it
	Kind      string
	Browser   string // hash of the browser's cookie, "" while parked
	Request   authorizationRequest
	CreatedAt time.Time
	Compared  string // of a device: who said that it shows the same code
	Decision  decision
	Selected  string // the person who chose to go on with their account
	Subject   string
	Granted   []string
	Spent     bool

	Came       time.Time // when the request came that has loaded it
	SpentAt    time.Time
	AnsweredIn string    // public id of the browser session that got the answer
	AnsweredAt time.Time // Came of the request that has the answer
	Grant      string    // whose code the answer carries, "" for a refusal
}

type decision string

const (
	undecided decision = ""
	allowed   decision = "allow"
	denied    decision = "deny"
)

// visitor is the person signed in to this browser, as far as a flow cares.
type visitor struct {
	Subject  string
	SignIn   int64     // its place in the order of all sign-ins
	AuthTime time.Time // when the password was entered
	Allowed  []string  // what of the requested scopes this person's roles can give
	Held     []string  // what an earlier, remembered consent covers for this client
}

type step int

const (
	stepLogin   step = iota
	stepCompare      // of a device: does it show this code?
	stepSelect
	stepConsent
	stepIssue
	stepRefuse
)

// next says what happens to a flow: a step and, for a refusal, its OAuth error
// code; for an issue, the scopes.
func next(f *flow, who *visitor) (step, string, []string) {
	silent := f.Request.prompts("none")
	if f.Decision == denied {
		return stepRefuse, "access_denied", nil // RFC 6749 4.1.2.1
	}
	if who == nil || f.wantsOther(who) || f.wantsFresher(who) {
		if silent {
			return stepRefuse, "login_required", nil // OIDC Core 3.1.2.6
		}
		return stepLogin, "", nil
	}
	// RFC 8628 5.4: somebody far away can send a link to a code of their own. So
	// whoever decides has compared the codes themselves, and has seen who asks.
	if f.Kind == deviceFlow && f.Compared != who.Subject {
		return stepCompare, "", nil
	}
	if f.wantsChoice(who) {
		return stepSelect, "", nil // prompt=none goes with no other value
	}
	if f.Decision == allowed && f.Subject == who.Subject {
		return stepIssue, "", f.Granted
	}
	if f.Kind != deviceFlow && len(who.Allowed) > 0 && oauth.Subset(who.Allowed, who.Held) && !f.Request.prompts("consent") {
		return stepIssue, "", who.Allowed
	}
	if silent {
		return stepRefuse, "consent_required", nil // OIDC Core 3.1.2.6
	}
	return stepConsent, "", nil
}

// wantsOther: OIDC Core 3.1.2.1, id_token_hint names the person the client
// expects; another one's code must not reach it.
func (f *flow) wantsOther(who *visitor) bool {
	return f.Request.Hinted != "" && f.Request.Hinted != who.Subject
}

// wantsFresher: OIDC Core 3.1.2.1, prompt=login and max_age ask for a password
// entered recently, judged from when the request came, so that reading the
// consent page for a while does not send anybody back to the login. Who has
// signed in since then has done what was asked. An age that is no age, because
// the clock was set back since the sign-in, is none to rely on.
func (f *flow) wantsFresher(who *visitor) bool {
	if f.signedInSince(who) {
		return false
	}
	if f.Request.prompts("login") {
		return true
	}
	limit, age := f.Request.MaxAge, f.CreatedAt.Sub(who.AuthTime)
	return limit != nil && (age < 0 || *limit == 0 || age > time.Duration(*limit)*time.Second)
}

// signedInSince says whether this sign-in came after the request. The order
// decides, not the time: a clock that is set back between the two would have
// the person sign in again for ever.
func (f *flow) signedInSince(who *visitor) bool { return who.SignIn > f.Request.SignIns }

// wantsChoice: OIDC Core 3.1.2.1, prompt=select_account asks the person which
// account to go on with. Who has signed in since the request came has chosen.
func (f *flow) wantsChoice(who *visitor) bool {
	return f.Request.prompts("select_account") && f.Selected != who.Subject && !f.signedInSince(who)
}
