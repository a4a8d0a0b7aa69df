package page

import "github.com/exampleco/punchcard/views"

// Inspector is the page at /inspector: one run drawn, and the list of all.
type Inspector struct {
	Frame    Frame
	Run      *Run   // the one that is drawn; nil where nothing was recorded yet
	Follow   bool   // the page shows whichever run is newest
	Missing  string // why the run that was asked for is not here; "" otherwise
	Runs     []RunLine
	Filter   RunFilter
	Attacks  []AttackCard
	Workshop Workshop
	Starters []views.StartCommand // what makes a first run, for an empty page
	TryHref  string               // begins the demo flow in this browser; "" where it cannot
	AppHref  string               // the phone app; "" where there is none
}

// Frame is what all pages of the inspector share.
type Frame struct {
	Where    string // host and port that is watched
	Masked   bool   // values are cut after six characters; otherwise the page shows secrets, and says so
	Viewer   string // the manager who looks; "" where the page is open to this machine
	Dropped  uint64 // exchanges that the recorder had no time for
	Unsaved  uint64 // runs that were never written to the file
	Events   string // address of the event stream
	Notice   string // what was just done; "" for nothing
	AppHref  string
	DocsHref string
}

// RunLine is a run in the list.
type RunLine struct {
	Number  int
	Href    string
	Title   string
	Kind    string
	When    string
	Client  string
	Person  string
	Outcome Outcome
	Current bool // the one that is drawn
	Kept    bool // read from the file: without its secrets
}

// Outcome of a run, an exchange or a check.
type Outcome string

// The outcomes. Open is a run that waits for its next step.
const (
	OutcomeOpen    Outcome = "open"
	OutcomeDone    Outcome = "done"
	OutcomeRefused Outcome = "refused"
	OutcomeAttack  Outcome = "attack" // a replay was seen: the family is dead
)

// RunFilter narrows the list. Each list has what occurs; the chosen value is
// "" for all.
type RunFilter struct {
	Client, Person, Outcome string
	Clients, People         []FilterChoice
	Shown, Total            int
	Query                   string // the filter as a query, with its "?"; "" for none
}

// FilterChoice is a value of a filter.
type FilterChoice struct{ Value, Text string }

// Run is one flow, drawn.
type Run struct {
	Number    int
	Version   int // grows with every exchange, so that a page knows whether it is behind
	Title     string
	Kind      string
	When      string // "today 09:24:31"
	Length    string // "8 exchanges, 1.9 s"
	Outcome   Outcome
	OutcomeIn string   // the outcome in words
	Cast      [4]Actor // person, app, server, API
	Steps     []Step
	Detail    *Detail // of the selected step
	Family    *Family // nil where no token was issued
	Values    []TravellingValue
	Writes    []RowWritten // of the whole run
	Attack    *AttackResult
	Kept      bool   // read from the file: secrets are six characters and a hash
	Left      int    // exchanges that were left out, because a run keeps only so many
	HAR       string // address of the export
	Related   []RunLine
}

// Actor is one of the four roles as it is in this run.
type Actor struct{ Name, Term string }

// Words is a piece of a sentence: a text, in plain words and in the
// specification's, or a value that travels.
type Words struct {
	Plain, Spec string // Spec is "" where both are the same
	Kind        ValueKind
	Value       string // id of the value; "" for mere text
}

// ValueKind is a kind of travelling value; each has its colour.
type ValueKind string

// The kinds, as their CSS classes; "" has no colour.
const (
	KindCode    ValueKind = "v-code"
	KindPKCE    ValueKind = "v-pkce" // the verifier and its challenge
	KindAccess  ValueKind = "v-access"
	KindRefresh ValueKind = "v-refresh"
	KindID      ValueKind = "v-id"     // ID token
	KindState   ValueKind = "v-state"  // state and nonce
	KindFlow    ValueKind = "v-flow"   // handle of the pending request
	KindMasked  ValueKind = "v-masked" // a password, cookie or client secret: never kept
)

// Step is one arrow of the picture, or a note on one of the rails.
type Step struct {
	ID       string // fragment of its permalink: "5", or "5a" for the answer of exchange 5
	Href     string // the same page with this step selected
	Number   string // "4" for a step that moves the flow on; "" for what happens in between
	Note     bool   // nothing is sent: somebody makes or checks something
	Span     string // columns: g12 g13 g23 g24 g34 (person, app, server, API); at1 … at4 for a note
	Role     string // colour of the sender: c-person c-app c-as c-api
	Back     bool   // right to left
	Front    bool   // through the browser
	Selected bool
	Outcome  Outcome // OutcomeRefused: drawn as a failure
	Label    []Words
	Route    string // for whoever cannot see the arrow: "app → server"
	Meta     string // "18 ms", "303"
}

// Detail is what one step was made of.
type Detail struct {
	Step     string // its number or id, for the heading
	Previous string // address of the step before; "" for the first
	Next     string
	Tags     []string // "12 ms", "no cookies sent"
	Request  []Piece
	Response []Piece
	Lost     string // why the client never got this answer; "" otherwise
	Checks   []LedgerLine
	Writes   []RowWritten
	Tokens   []Token
	Curl     string // the request as a command, secrets as on the page
}

// Piece is a piece of raw text.
type Piece struct {
	Text  string
	Class string    // m method, s good status, x bad status, h header, k name
	Kind  ValueKind // of a travelling value
	Value string    // its id; the same wherever it occurs
	Title string    // "authorization code 1a2b3c4d"
}

// LedgerLine is one check.
type LedgerLine struct {
	OK       bool
	Rule     string
	Expected []Piece
	Got      []Piece
	Differs  string // "differs at character 23: 8 instead of 7"; "" where that says nothing
	Clause   string
	Href     string // the clause, on the web; "" where it has no address
	Why      string // why it matters, in plain words
	RuleHref string // the rule in the rule book; "" where it is not in there
}

// RowWritten is a row that was written to the file.
type RowWritten struct {
	Op, Table, Kind, ID string
	Text                string // in plain words
	Step                string // href of the step that wrote it
}

// Token is a decoded token.
type Token struct {
	Name       string // "Access token"
	Kind       ValueKind
	Value      string    // id
	Parts      [3]string // header, payload and signature as sent; empty where masked
	Masked     string    // what is left of it in the file; "" otherwise
	Header     []Claim
	Claims     []Claim
	Signature  string // "ES256, by this server's key 3fa9…", as the check saw it
	Expires    int64  // unix seconds; 0: none
	Lifetime   int64  // seconds from issue to expiry
	Left       string // "3:31 left", "expired", "revoked"
	Tenth      int    // how much of its life is left, 0 to 10
	State      string // alive, expired, revoked, replaced, masked, foreign
	Opens      []Opening
	ExpireHref string // where a POST makes it expire now; "" where it cannot
}

// Claim of a token and what it means.
type Claim struct {
	Name    string
	Value   string
	Chips   []string // instead of Value
	Meaning string
}

// Opening is an operation of the API, and whether the token opens it.
type Opening struct {
	Operation string
	OK        bool
	Needs     string // the scope that is missing
}

// Family is everything that came of one grant.
type Family struct {
	State string // alive, revoked, attacked, ended
	Text  string
	Roots []FamilyNode
}

// FamilyNode is a code or a token, with what it was exchanged for.
type FamilyNode struct {
	Name       string // "authorization code"
	Kind       ValueKind
	Value      string
	Short      string // what is shown of it
	State      string // alive, used, replaced, expired, revoked, reused
	StateText  string
	Step       string // href of the step that brought it
	ExpireHref string // where a POST makes it expire now; "" where it cannot
	Children   []FamilyNode
}

// TravellingValue is a value and every step where it occurs.
type TravellingValue struct {
	Name  string
	Kind  ValueKind
	Value string
	Short string
	Steps []ValueStep
}

// ValueStep is a step where a value occurs.
type ValueStep struct{ Text, Href string }
