package attack

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Stage is where an attack plays: the server's address, and what attackers
// and victims have.
type Stage struct {
	Issuer    string            // byte for byte; the endpoints are found by discovery
	Audience  string            // the API's identifier and address, without a trailing slash
	Transport http.RoundTripper // how the server is reached; nil: http.DefaultTransport
	Client    Client            // public, with a loopback redirect URI; nothing listens there
	Rival     Client            // another client of the code grant; confidential, so it has a secret
	Employee  Person
	Colleague Person // an employee as well
	Manager   Person // may approve hours
}

// Client is a registered app. Scope is the most that it may ask for; Secret
// is "" for a public one.
type Client struct {
	ID, Secret, RedirectURI, Scope string
	Native                         bool // its redirect URI is on loopback
}

// Person is somebody who can sign in. ReportsTo is the id of who decides about
// their hours, "" for a manager.
type Person struct{ ID, Email, Password, ReportsTo string }

// Attack is one way to try to break the server.
type Attack struct {
	ID, Title string
	Story     []string // paragraphs: what the attacker has, and tries
	Choices   []string // what may be answered; Answer is one of them
	Answer    string   // what the clause demands: "400 invalid_grant"
	Lesson    string   // why
	Clause    string   // "RFC 6749 4.1.2"
	Rule      string   // ID of the rule that stops it
	Needs     Need
	Source    string // the attack as it stands in the code
	File      string // where, from the root of the repository

	run func(*play) (Outcome, error)
}

// Need is the part of a Stage that an attack plays with, beside the client.
type Need struct {
	Employee, Colleague, Manager, Rival bool
	Scopes                              string // that the client asks for, separated by spaces
}

// Outcome says what came.
type Outcome struct {
	Answer    string // in the form of Attack.Answer; "200, it works" if the attack got through, with the status it had
	Blocked   bool   // Answer is what the clause demands
	RequestID string // X-Request-Id of the answer that decides; "" if it had none
	Aftermath string // what else became of the stolen and the honest things; "" for nothing
}

//go:embed code_twice.go wrong_verifier.go no_verifier.go swapped_redirect.go other_clients_code.go old_refresh.go edited_jwt.go
//go:embed alg_none.go id_token_as_access.go missing_scope.go other_persons_entry.go approve_own.go forged_consent.go stolen_state.go
var sources embed.FS

// All returns every attack, in the order of a lesson.
func All() []Attack {
	all := list()
	for i := range all {
		a := &all[i]
		name := strings.ReplaceAll(a.ID, "-", "_") + ".go"
		source, err := sources.ReadFile(name)
		if err != nil {
			panic(err) // the list names a file that is not embedded above
		}
		a.Source, a.File = string(source), "views/inspector/attack/"+name
		a.Story = storyIn(a.Source)
	}
	return all
}

// storyIn reads the story from the comment above the function, so that it is
// told once. The comment's first paragraph only names the function.
func storyIn(source string) []string {
	comment, _, _ := strings.Cut(source, "\nfunc ")
	comment = comment[strings.LastIndex(comment, "\n\n")+2:]
	var story []string
	for _, paragraph := range strings.Split(comment, "\n//\n")[1:] {
		text := strings.ReplaceAll(strings.TrimPrefix(paragraph, "// "), "\n// ", " ")
		story = append(story, strings.ReplaceAll(text, "'", "’")) // as on every page
	}
	return story
}

// Lacks says what the stage has not got for this attack, as a sentence for
// the person who wants to run it; "" if nothing is missing.
func (a Attack) Lacks(s *Stage) string {
	var missing []string
	need := func(needed, there bool, what string) {
		if needed && !there {
			missing = append(missing, what)
		}
	}
	need(true, s.Client.ID != "" && s.Client.RedirectURI != "", "a public client with a loopback redirect URI")
	if s.Client.ID != "" {
		for scope := range strings.FieldsSeq(a.Needs.Scopes) {
			need(true, slices.Contains(strings.Fields(s.Client.Scope), scope), "the scope "+scope+" for the client "+s.Client.ID)
		}
	}
	need(a.Needs.Rival, s.Rival.ID != "" && s.Rival.Secret != "", "another client that may use the code grant and has a secret")
	need(a.Needs.Employee, s.Employee.canSignIn(), "an employee whose password is known")
	need(a.Needs.Colleague, s.Colleague.canSignIn(), "a second employee whose password is known")
	need(a.Needs.Manager, s.Manager.canSignIn(), "a manager whose password is known")
	if len(missing) == 0 {
		return ""
	}
	return "This configuration does not have " + strings.Join(missing, ", nor ") + "."
}

func (p Person) canSignIn() bool { return p.Email != "" && p.Password != "" }

// play is one performance of an attack, from discovery to clearing up.
type play struct {
	*Stage
	endpoints
	id     string
	ctx    context.Context // of this performance, which no play outlives
	undone []func() error
}

// tidyTime is how long clearing up may take, also after the caller has left.
const tidyTime = 10 * time.Second

// Run plays the attack on the stage, and judges the answer. The stage can be
// shared by any number of attacks at once.
//
// Errors: what the stage lacks, a server that cannot be reached, or anything
// unexpected in the honest part of the story; they hold no secret and can be
// shown. An attack that got through is no error but an Outcome that is not
// Blocked.
func (a Attack) Run(ctx context.Context, s *Stage) (Outcome, error) {
	if lacks := a.Lacks(s); lacks != "" {
		return Outcome{}, errors.New(lacks)
	}
	p := &play{Stage: s, id: a.ID, ctx: ctx}
	if err := p.discover(); err != nil {
		return Outcome{}, err
	}
	out, err := a.run(p)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	p.ctx = ctx
	left := p.tidy()
	if err != nil {
		return Outcome{}, errors.Join(err, left)
	}
	out.Blocked = out.Answer == a.Answer
	if left != nil {
		out.Aftermath = strings.TrimSpace(fmt.Sprintf("%s Not cleared up: %v.", out.Aftermath, left))
	}
	return out, nil
}

// later is done when the attack is over, however it ended.
func (p *play) later(undo func() error) { p.undone = append(p.undone, undo) }

func (p *play) tidy() (err error) {
	for _, undo := range slices.Backward(p.undone) {
		err = errors.Join(err, undo())
	}
	return err
}
