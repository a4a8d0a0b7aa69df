package page

import (
	"strconv"
	"testing"

	"github.com/a-h/templ"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/viewstest"
)

// givenByTheInspector are the classes that its modules give to what is there.
var givenByTheInspector = []string{"lit", "fresh"}

func TestEveryPage(t *testing.T) { viewstest.Pages(t, inspectorPages()) }

func TestPagesFit(t *testing.T) { viewstest.Fit(t, inspectorPages(), views.Write) }

func TestNoDeadStyles(t *testing.T) {
	for _, sheet := range sheets[1:] { // parts.css is the start page's as well
		viewstest.NoDeadStyles(t, sheet, inspectorPages(), givenByTheInspector...)
	}
}

// inspectorPages are the inspector's pages, each in a state of its own.
func inspectorPages() map[string]templ.Component {
	masked := inspectorOf(maskedRun())
	masked.Frame.Masked, masked.Frame.Viewer, masked.Frame.Dropped, masked.Frame.Unsaved = true, hostile, 3, 1
	attack := inspectorOf(attackRun(true))
	attack.Follow, attack.Frame.Notice = false, "The attack ran. This is what came."
	through := inspectorOf(attackRun(false))
	through.Workshop.Problem, through.Workshop.Faults = "“often” is no number: leave it empty for once.", nil
	empty := inspectorOf(nil)
	empty.Runs, empty.Filter = nil, RunFilter{}
	empty.Starters = []views.StartCommand{{Title: "With curl alone", Text: "Nothing but the client credentials of the nightly report.", Shell: "curl -s -u nightly-report:nightly-secret http://localhost:8484/oauth2/token -d grant_type=client_credentials -d scope=read:timesheets"}}
	empty.TryHref, empty.AppHref = "/try", "/app/"
	bare := Inspector{Filter: RunFilter{Query: "?client=other"}}
	gone := Inspector{Missing: "Run 7 was one of more than two hundred, and the oldest leave."}
	tokens := inspectorOf(codeRun())
	tokens.Run.Detail.Tokens = tokensOfEveryState()
	return map[string]templ.Component{
		"inspector, tokens":  InspectorPage(tokens),
		"inspector":          InspectorPage(inspectorOf(codeRun())),
		"inspector, refused": InspectorPage(inspectorOf(refusedRun())),
		"inspector, reuse":   InspectorPage(inspectorOf(reuseRun())),
		"inspector, masked":  InspectorPage(masked),
		"inspector, attack":  InspectorPage(attack),
		"inspector, through": InspectorPage(through),
		"inspector, empty":   InspectorPage(empty),
		"inspector, bare":    InspectorPage(bare),
		"inspector, gone":    InspectorPage(gone),
		"attack":             AttackPageOf(attackPage()),
		"attack, not here":   AttackPageOf(AttackPage{Title: "A stolen state", Text: []string{"None."}, Lacks: "no app has a second redirect.", File: "state.go", Source: "package attack"}),
	}
}

func inspectorOf(run *Run) Inspector {
	return Inspector{
		Frame: Frame{Where: "localhost:8484", Events: "/inspector/events", AppHref: "/app/", DocsHref: "/docs"},
		Run:   run, Follow: true, Attacks: attackCardsStand(),
		Runs: []RunLine{
			{Number: 15, Href: "/inspector/15", Title: "Open, and nobody came", Kind: "Device", When: "09:31:02", Outcome: OutcomeOpen},
			{Number: 14, Href: "/inspector/14", Title: "Timesheets Mobile refreshes", Kind: "Refresh token used twice", When: "09:30:11", Outcome: OutcomeAttack},
			{Number: 13, Href: "/inspector/13", Title: hostile, Kind: "Authorization code", When: "09:26:40", Outcome: OutcomeRefused},
			{Number: 12, Href: "/inspector/12", Title: "Ada Lovelace signs in to Timesheets Mobile", Kind: "Authorization code with PKCE", When: "09:24:31", Outcome: OutcomeDone, Current: true},
			{Number: 11, Href: "/inspector/11", Title: "Nightly report", Kind: "Client credentials", When: "09:20:00", Outcome: OutcomeDone, Kept: true},
		},
		Filter: RunFilter{Client: "timesheets-mobile", Clients: []FilterChoice{{"timesheets-mobile", "Timesheets Mobile"}, {"nightly-report", "Nightly report"}}, People: []FilterChoice{{"usr_ada", "Ada Lovelace"}}, Shown: 5, Total: 15},
		Workshop: Workshop{
			Faults:  []FaultLine{{"1", "the next answer of token to timesheets-mobile is lost"}, {"2", "userinfo answers 3 s late, twice"}},
			Clients: []FilterChoice{{"timesheets-mobile", "Timesheets Mobile"}}, Endpoints: []string{"authorize", "token", "userinfo", "api"},
			Access: "15m0s", Code: "1m0s", Refresh: "720h0m0s", Choices: []FilterChoice{{"5s", "5s"}, {"15m", "15m0s"}, {"1h", "1h0m0s"}}, Resets: true,
		},
	}
}

func attackCardsStand() []AttackCard {
	titles := []string{"Use the code twice", "Guess the verifier", "Send no verifier", "Swap the redirect", "Use another app’s code", "Replay an old refresh token", "Edit the token", "alg: none", "ID token as access token", "Delete without the scope", "Read another person’s entry", "Approve one’s own hours", "Forge the consent", "Steal a state"}
	cards := make([]AttackCard, len(titles))
	for i, title := range titles {
		cards[i] = AttackCard{ID: "a", Href: "/inspector/attacks/a", Title: title}
	}
	cards[0].Tried, cards[0].Blocked, cards[0].Answer = true, true, "400 invalid_grant"
	cards[6].Tried, cards[6].Answer = true, "200"
	cards[13].Lacks = "no second app"
	return cards
}

func attackPage() AttackPage {
	return AttackPage{
		Frame: inspectorOf(nil).Frame, ID: "code-twice", Title: "Use the code twice", File: "views/inspector/attack/code_twice.go", Action: "/inspector/attacks/code-twice",
		Text:    []string{"A code passes through the browser: it stands in the history, in a proxy’s log, in a screenshot. Whoever finds it later has it as well.", "The app has swapped it already. The attacker sends the same request once more."},
		Choices: []string{"200, and a second pair of tokens", "400 invalid_grant", "400 invalid_grant, and the first pair dies as well", "429 too many requests"},
		Problem: "Say first what you expect: choose one answer.",
		Source:  "// codeTwice swaps a code that was swapped before.\nfunc codeTwice(ctx context.Context, s *Stage) (Answer, error) {\n\tcode, verifier, err := s.SignIn(ctx, \"ada@example.com\")\n\tif err != nil {\n\t\treturn Answer{}, err\n\t}\n\tif _, err := s.Swap(ctx, code, verifier); err != nil {\n\t\treturn Answer{}, err\n\t}\n\treturn s.Swap(ctx, code, verifier) // RFC 6749 4.1.2: a code used twice MUST be refused; otherwise a stolen code works once more.\n}\n",
		Others:  attackCardsStand()[1:],
	}
}

// refusedRun is a swap from another address than the code was sent to.
func refusedRun() *Run {
	run := codeRun()
	run.Outcome, run.OutcomeIn, run.Family, run.Kept, run.Left = OutcomeRefused, "refused at step 1", nil, true, 12
	run.Steps = run.Steps[:2]
	run.Steps[1].Outcome, run.Steps[1].Selected, run.Steps[1].Meta = OutcomeRefused, true, "400"
	run.Detail = &Detail{
		Step: "1", Previous: "/inspector/12?step=0#0", Tags: []string{"2 ms"}, Curl: "curl -i 'http://localhost:8484/oauth2/authorize?response_type=code'",
		Request:  []Piece{{Text: "GET", Class: "m"}, {Text: " /oauth2/authorize?response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A9000%2Felsewhere HTTP/1.1\n"}, {Text: "Cookie: ", Class: "h"}, {Text: "••••••", Kind: KindMasked, Title: "a session cookie, never kept"}},
		Response: []Piece{{Text: "HTTP/1.1 ", Class: "h"}, {Text: "400 Bad Request", Class: "x"}},
		Lost:     "a fault dropped it, as was asked for.",
		Checks: []LedgerLine{
			{OK: true, Rule: "the client is known", Clause: "RFC 6749 4.1.1"},
			{Rule: "redirect_uri exact", Clause: "RFC 9700 2.1", Href: "https://www.rfc-editor.org/rfc/rfc9700#section-2.1", Expected: []Piece{{Text: "http://localhost:9000/callback"}}, Got: []Piece{{Text: "http://localhost:9000/elsewhere"}}, Differs: "differs at character 23: e instead of c", Why: "A code that is sent to an address which nobody registered is a code given away."},
		},
	}
	return run
}

// reuseRun is a refresh token that came twice: the family is dead.
func reuseRun() *Run {
	run := codeRun()
	run.Outcome, run.OutcomeIn = OutcomeAttack, "a refresh token was used twice"
	run.Steps = append(run.Steps, Step{ID: "10", Href: "/inspector/12?step=10#10", Number: "10", Span: "g23", Role: "c-app", Label: []Words{{Plain: "Rotate "}, {Plain: "refresh", Kind: KindRefresh, Value: refreshID}, {Plain: " token again"}}, Route: "app → server", Meta: "400", Outcome: OutcomeRefused, Selected: true},
		Step{ID: "10n", Href: "/inspector/12?step=10n#10n", Note: true, Span: "at1", Role: "c-person", Label: []Words{{Plain: "must sign in again"}}, Route: "you", Outcome: OutcomeDone},
		Step{ID: "11", Href: "/inspector/12?step=11#11", Span: "g12", Role: "c-app", Back: true, Label: []Words{{Plain: "Sign in again, please"}}, Route: "app → you", Outcome: OutcomeDone})
	for i := range run.Steps[:len(run.Steps)-3] {
		run.Steps[i].Selected = false
	}
	run.Family = &Family{State: "attacked", Text: "The first refresh token came a second time at 09:30:11. Whoever sent it, all of the family ended.", Roots: []FamilyNode{familyOf("attacked")}}
	run.Detail = refusedRun().Detail
	run.Detail.Step, run.Detail.Lost = "10", ""
	run.Detail.Checks[1] = LedgerLine{Rule: "the refresh token was never used", Clause: "RFC 9700 4.14.2", Expected: []Piece{{Text: "unused"}}, Got: []Piece{{Text: "used at 09:29:58"}}, Why: "One of the two who sent it is a thief, and nobody can say which."}
	return run
}

// tokensOfEveryState also has every tenth that is left of a life.
func tokensOfEveryState() (out []Token) {
	for tenth, state := range []string{"expired", "alive", "alive", "alive", "alive", "alive", "alive", "revoked", "replaced", "foreign", "masked"} {
		token := accessToken5()
		token.Name += " " + strconv.Itoa(tenth)
		token.Value, token.State, token.Tenth, token.Left, token.ExpireHref = strconv.Itoa(tenth)+token.Value[2:], state, tenth, state, ""
		out = append(out, token)
	}
	return out
}

// maskedRun is as the file keeps it.
func maskedRun() *Run {
	run := codeRun()
	run.Kept, run.Title = true, hostile
	run.Detail.Tokens[0].Masked, run.Detail.Tokens[0].Parts, run.Detail.Tokens[0].State = "eyJhbG… (hash 5e0d77aa)", [3]string{}, "masked"
	run.Family = &Family{State: "ended", Text: "Signed out.", Roots: []FamilyNode{{Name: "refresh token", Kind: KindRefresh, Value: refreshID, Short: "ory_rt…", State: "expired", StateText: "expired", Step: "/inspector/12?step=6#6"}}}
	return run
}

func attackRun(blocked bool) *Run {
	run := refusedRun()
	run.Kept, run.Left, run.Outcome, run.OutcomeIn = false, 0, OutcomeOpen, "open"
	run.Attack = &AttackResult{ID: "code-twice", Title: "Use the code twice", Href: "/inspector/attacks/code-twice", Predicted: "200, and a second pair of tokens", Answer: "400 invalid_grant", Blocked: blocked, Lesson: "A code is good once: the second time, the server cannot know which of the two was the thief.", Clause: "RFC 6749 4.1.2", ClauseHref: "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2", StepHref: "/inspector/12?step=1#1"}
	if !blocked {
		run.Attack.Answer, run.Attack.Predicted, run.Attack.ClauseHref = "200 OK", "", ""
		run.Family = &Family{State: "revoked", Text: "Revoked by the app.", Roots: []FamilyNode{familyOf("revoked")}}
	}
	return run
}
