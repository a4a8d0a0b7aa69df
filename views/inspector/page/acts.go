package page

// AttackCard is one way to try to break it.
type AttackCard struct {
	ID      string
	Href    string
	Title   string
	Tried   bool
	Blocked bool   // it was tried, and refused as it must be
	Answer  string // what came, once tried: "400 invalid_grant"
	Lacks   string // why this configuration has no stage for it; "" otherwise
}

// AttackPage asks for a prediction before an attack runs.
type AttackPage struct {
	Frame     Frame
	ID        string
	Title     string
	Text      []string // paragraphs: what the attacker has, and tries
	Action    string   // where the form goes
	Choices   []string // what the server may answer
	Problem   string
	Predicted string // what was chosen before the problem turned up; "" for nothing
	Lacks     string
	Source    string // the attack as it stands in the code
	File      string // where
	Others    []AttackCard
}

// AttackResult is what an attack came to.
type AttackResult struct {
	ID, Title, Href string
	Predicted       string // "" where nothing was predicted
	Answer          string // "400 invalid_grant"
	Blocked         bool
	Right           bool   // the prediction was right
	Lesson          string // why it is refused
	Clause          string
	ClauseHref      string
	StepHref        string // the step where it was refused
}

// Workshop has the switches for workshops and tests.
type Workshop struct {
	Faults    []FaultLine
	Clients   []FilterChoice
	Endpoints []string
	Access    string // lifetime of an access token now: "15m0s"
	Code      string
	Refresh   string
	Choices   []FilterChoice // lifetimes of an access token to choose from
	Resets    bool           // this server can be set back to its seed
	Problem   string         // what is wrong with what was sent
}

// FaultLine is a fault that waits for its request.
type FaultLine struct {
	ID   string
	Text string // "the next answer of token to timesheets-mobile is lost"
}
