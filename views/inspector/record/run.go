package record

import (
	"net/http"
	"slices"
	"time"
)

// Run is one flow: all exchanges that something truly connects.
type Run struct {
	Number    int
	Version   int // grows with every exchange
	Began     time.Time
	Updated   time.Time
	Client    string // client_id, "" where nobody said
	Person    string // subject of its tokens, "" for nobody
	Email     string // as typed at the login page
	Exchanges []*Exchange
	Left      int      // exchanges from the middle that were left out
	Ended     string   // why its grant ended elsewhere: a sign-out, a revocation; "" while it stands
	Attempt   *Attempt // the attack that this run is; nil for none

	sid       string               // public id of the browser session
	kept      []Value              // values of which only the mask is left
	claims    map[string][2]string // header and payload of tokens that are masked, by their ids
	keys      []key
	next      int // id of the next exchange
	bytes     int
	announced bool
	welcome   bool      // something in it was not refused
	saved     time.Time // when it was last written to the file
	stored    bool      // its exchanges are in the file, and what follows is known of them
	outcome   Outcome
	title     Title
}

// Attempt is what an attack of this server's own came to.
type Attempt struct {
	ID        string `json:"id"`
	Predicted string `json:"predicted,omitempty"`
	Answer    string `json:"answer"`
	Aftermath string `json:"aftermath,omitempty"`
	RequestID string `json:"request"` // of the answer that decided
	Blocked   bool   `json:"blocked"`
}

// Outcome says how a run stands.
type Outcome string

// The outcomes of a run.
const (
	Open    Outcome = "open"    // it waits for somebody
	Done    Outcome = "done"    // all went well
	Refused Outcome = "refused" // something was refused
	Reused  Outcome = "attack"  // a code or refresh token was used twice: the grant is dead
)

// Outcome looks through the exchanges.
func (r *Run) Outcome() Outcome {
	if r.stored {
		return r.outcome
	}
	out := Open
	for _, x := range r.Exchanges {
		if x.Replay() {
			return Reused
		}
		switch {
		case x.Refused():
			out = Refused
		case out == Open && x.ends():
			out = Done
		}
	}
	return out
}

// Replay says whether the ledger has a second use in this exchange. What was
// answered well is a retry within the grace for lost answers.
func (x *Exchange) Replay() bool {
	return x.Status != http.StatusOK && slices.ContainsFunc(x.Checks, func(c Check) bool {
		return !c.OK && slices.Contains(endsTheFamily, c.Rule) && c.Got != "family revoked"
	})
}

// endsTheFamily are the rules that cost the whole grant. A request_uri, an
// assertion or a proof that comes twice is refused, and that is all.
var endsTheFamily = []string{"authorization-code-used-once", "device-code-used-once", "refresh-token-used-once", "grant-used-once"}

// ends says whether somebody got what they came for.
func (x *Exchange) ends() bool {
	switch x.Kind {
	case KindAuthorize, KindResume, KindLogin, KindConsent, KindLoginPage, KindConsentPage, KindTry, KindCallback,
		KindPushed, KindDevice, KindDevicePage, KindDeviceForm, KindAccountPage,
		KindSelectPage, KindSelect:
		return false
	}
	return !x.Again()
}

// Values are all that travel in this run, each once, in the order in which they
// turned up.
func (r *Run) Values() []Value {
	var values []Value
	at := map[string]int{}
	add := func(v Value, issued bool) {
		i, known := at[v.ID()]
		if !known {
			if len(values) == maxTraveled {
				return
			}
			at[v.ID()] = len(values)
			values = append(values, v)
			return
		}
		// What it was issued as says more than where somebody put it.
		if issued || values[i].Kind == Token {
			values[i].Kind = v.Kind
		}
		if values[i].Raw == "" && v.Raw != "" {
			values[i].Raw, values[i].Hash = v.Raw, v.Hash
		}
	}
	for _, v := range r.kept {
		add(v, false)
	}
	for _, x := range r.Exchanges {
		x.each(func(answer bool, kind ValueKind, raw string) { add(NewValue(kind, raw), answer) })
	}
	return values
}

// Lost are the values of which only the mask is left, because the run came from
// the file.
func (r *Run) Lost() (values []Value) {
	for _, v := range r.kept {
		if v.Raw == "" {
			values = append(values, v)
		}
	}
	return values
}

// add puts an exchange at the end and, where the run is full, takes others out
// of the middle.
func (r *Run) add(x *Exchange) {
	r.next++
	x.ID = r.next
	r.Version++
	r.Updated = x.Began.Add(x.Took)
	r.Exchanges = append(r.Exchanges, x)
	r.bytes += x.size()
	r.welcome = r.welcome || !x.Refused()
	for len(r.Exchanges) > firstKept+lastKept || r.bytes > maxRunBytes && len(r.Exchanges) > 1 {
		middle := min(firstKept, len(r.Exchanges)/2)
		r.bytes -= r.Exchanges[middle].size()
		r.Exchanges = slices.Delete(slices.Clone(r.Exchanges), middle, middle+1)
		r.Left++
	}
}

// Claims are the header and the payload of a token of which only the mask is
// left; "" where it was none.
func (r *Run) Claims(v Value) (header, payload string) {
	c := r.claims[v.ID()]
	return c[0], c[1]
}

// Title is what the name of a run is made of.
type Title struct {
	Kind   Kind   `json:"kind"` // of its first exchange
	Method string `json:"method"`
	Path   string `json:"path"`
	Agent  string `json:"agent,omitempty"` // its User-Agent
	Grant  string `json:"grant,omitempty"` // of the run's first token request
	Error  string `json:"error,omitempty"` // of its last refusal
	Count  int    `json:"count"`           // exchanges, those left out included
}

// Title looks through the exchanges.
func (r *Run) Title() Title {
	if r.stored || len(r.Exchanges) == 0 {
		return r.title
	}
	first := r.Exchanges[0]
	t := Title{Kind: first.Kind, Method: first.Method, Path: first.Path(), Agent: first.Header.Get("User-Agent"), Count: len(r.Exchanges) + r.Left}
	for _, x := range r.Exchanges {
		if x.Kind == KindToken && t.Grant == "" {
			t.Grant = x.Form().Get("grant_type")
		}
		if x.Refused() {
			t.Error = x.ErrorCode()
		}
	}
	return t
}
