package inspector

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// step is an arrow with the exchange that it stands for.
type step struct {
	page.Step
	exchange *record.Exchange
	answer   bool // the way back
}

func (s step) name() string {
	if s.Number != "" {
		return "step " + s.Number
	}
	return string(s.exchange.Kind)
}

// way is who sends to whom.
type way struct {
	role, span, route string
	back, front       bool
}

var (
	appToServer    = way{"c-app", "g23", "app → server", false, false}
	serverToApp    = way{"c-as", "g23", "server → app", true, false}
	appAsks        = way{"c-app", "g23", "app → server", false, true}
	serverAnswers  = way{"c-as", "g23", "server → app", true, true}
	personToServer = way{"c-person", "g13", "person → server", false, true}
	serverToPerson = way{"c-as", "g13", "server → person", true, true}
	personToApp    = way{"c-person", "g12", "person → app", false, true}
	appToAPI       = way{"c-app", "g24", "app → API", false, false}
	apiToApp       = way{"c-api", "g24", "API → app", true, false}
	apiToServer    = way{"c-api", "g34", "API → server", true, false}
	serverToAPI    = way{"c-as", "g34", "server → API", false, false}
	byApp          = way{"c-app", "at2", "app", false, false}
	byServer       = way{"c-as", "at3", "server", false, false}
)

// steps draws all exchanges. What moves the flow on is numbered.
func (d *drawn) steps() []step {
	var out []step
	number := 0
	for _, x := range d.run.Exchanges {
		for _, s := range d.stepsOf(x) {
			if s.Number != "" {
				number++
				s.Number = strconv.Itoa(number)
			}
			s.exchange = x
			s.Href = d.home + "?step=" + s.ID + strings.Replace(d.query, "?", "&", 1) + "#" + s.ID
			out = append(out, s)
		}
	}
	return out
}

// moves marks a step that is numbered.
const moves = "n"

// arrow makes one step of an exchange; suffix tells several apart.
func arrow(x *record.Exchange, suffix string, w way, label ...page.Words) step {
	meta := ms(x)
	if suffix == "a" {
		meta = strconv.Itoa(x.Status)
	}
	return step{answer: suffix == "a" || w.back && suffix == "", Step: page.Step{
		ID: strconv.Itoa(x.ID) + suffix, Number: moves, Span: w.span, Role: w.role, Route: w.route, Back: w.back, Front: w.front, Label: label, Meta: meta,
	}}
}

// between is a step that moves nothing on.
func between(s step) step {
	s.Number = ""
	return s
}

// noted is something that somebody does alone.
func noted(x *record.Exchange, suffix string, w way, ok bool, label ...page.Words) step {
	s := between(arrow(x, suffix, w, label...))
	s.Note, s.Meta, s.answer = true, "", false
	if !ok {
		s.Outcome = page.OutcomeRefused
	}
	return s
}

func refusal(s step) step {
	s.Outcome = page.OutcomeRefused
	return s
}

func ms(x *record.Exchange) string {
	switch took := x.Took; {
	case took.Milliseconds() >= 1000:
		return fmt.Sprintf("%.1f s", took.Seconds())
	case took.Microseconds() < 950:
		return fmt.Sprintf("%.1f ms", float64(took.Microseconds())/1000)
	default:
		return fmt.Sprintf("%.0f ms", float64(took.Microseconds())/1000)
	}
}

func say(plain string) page.Words        { return page.Words{Plain: plain} }
func both(plain, spec string) page.Words { return page.Words{Plain: plain, Spec: spec} }

// carry is a value in a label, "" for none.
func (d *drawn) carry(kind record.ValueKind, values []record.Value, before string) []page.Words {
	for _, v := range values {
		if d.marks.kind(v) == kind {
			return []page.Words{say(before), {Plain: short(kind), Kind: colour(kind), Value: v.ID()}}
		}
	}
	return nil
}

func short(kind record.ValueKind) string {
	switch kind {
	case record.Code:
		return "code"
	case record.Verifier:
		return "verifier"
	case record.Challenge:
		return "challenge"
	case record.Access:
		return "access token"
	case record.Refresh:
		return "refresh token"
	case record.Registration:
		return "registration token"
	}
	return string(kind)
}

func (d *drawn) stepsOf(x *record.Exchange) []step {
	switch x.Kind {
	case record.KindTry:
		return []step{between(arrow(x, "", personToApp, both("Presses “Sign in”", "GET /try")))}
	case record.KindAuthorize:
		return d.authorize(x)
	case record.KindResume:
		return d.resume(x)
	case record.KindLoginPage:
		return []step{d.pageShown(x, both("Shows the sign-in page", "GET /login"))}
	case record.KindConsentPage:
		return []step{d.pageShown(x, both("Asks what is allowed", "GET /consent"))}
	case record.KindLogin:
		return d.posted(x, both("Name and password", "POST /login"), "Not signed in")
	case record.KindConsent:
		return d.posted(x, d.consented(x), "Nothing is allowed")
	case record.KindCallback:
		label := append([]page.Words{both("Arrives at the app", "redirect_uri")}, d.carry(record.Code, x.Sent(), " + ")...)
		return []step{between(arrow(x, "", personToApp, label...))}
	case record.KindToken:
		return d.token(x)
	case record.KindAPI:
		return d.api(x)
	case record.KindIntrospect:
		ask := append([]page.Words{both("Does it stand?", "POST /oauth/introspect")}, d.anyToken(x.Sent(), " ")...)
		return d.asked(x, apiToServer, serverToAPI, ask, both("What it says", "introspection response"))
	case record.KindUserinfo:
		ask := append([]page.Words{both("Who is it?", "UserInfo request")}, d.anyToken(x.Sent(), " + ")...)
		return d.asked(x, appToServer, serverToApp, ask, both("Who it is", "claims"))
	case record.KindRevoke:
		ask := append([]page.Words{both("Give back", "POST /oauth/revoke")}, d.anyToken(x.Sent(), " ")...)
		return d.asked(x, appToServer, serverToApp, ask, both("Done", "200"))
	case record.KindMetadata:
		return d.asked(x, appToServer, serverToApp, []page.Words{both("Where are your endpoints?", "GET "+x.Path())}, both("Here", "metadata"))
	case record.KindKeys:
		return d.asked(x, appToServer, serverToApp, []page.Words{both("What keys do you sign with?", "GET "+x.Path())}, both("These", "JWK Set"))
	case record.KindPreflight:
		return []step{between(arrow(x, "", appToServer, both("May this origin call?", "CORS preflight")))}
	case record.KindLogout:
		return d.posted(x, both("Sign out", x.Method+" "+x.Path()), "Not signed out")
	case record.KindPushed:
		return d.pushed(x)
	case record.KindDevice:
		return d.deviceAsks(x)
	case record.KindDevicePage:
		return d.devicePage(x)
	case record.KindDeviceForm:
		return d.deviceForm(x)
	case record.KindRegister:
		return d.register(x)
	case record.KindSelectPage:
		return []step{d.pageShown(x, both("Asks which account", "GET /select-account"))}
	case record.KindSelect:
		return d.posted(x, both("This one", "POST /select-account"), "Not chosen")
	case record.KindAccountPage:
		return []step{d.pageShown(x, both("Shows who may do what", "GET /account"))}
	case record.KindAccount:
		return d.posted(x, d.takenBack(x), "Nothing is changed")
	}
	return d.asked(x, appToServer, serverToApp, []page.Words{say(x.Method + " " + x.Path())}, say(http.StatusText(x.Status)))
}

// authorize is a new request: the app's own secret first, then the way to the
// server through the browser.
func (d *drawn) authorize(x *record.Exchange) (out []step) {
	challenge := d.carry(record.Challenge, x.Sent(), " + ")
	if challenge != nil {
		out = append(out, noted(x, "m", byApp, true, both("Make a secret ", "Generate a "), d.verifierOf(x)))
	}
	ask := append([]page.Words{both("Ask to sign in", "Authorization request")}, challenge...)
	ask = append(ask, d.carry(record.Pushed, x.Sent(), " + ")...)
	out = append(out, arrow(x, "", appAsks, ask...))
	return append(out, d.back(x)...)
}

// verifierOf is the verifier behind a challenge, which turns up later.
func (d *drawn) verifierOf(x *record.Exchange) page.Words {
	for _, c := range x.Sent() {
		if c.Kind != record.Challenge {
			continue
		}
		if v, known := d.verifier(c.Raw); known {
			return page.Words{Plain: "verifier", Kind: page.KindPKCE, Value: v.ID()}
		}
	}
	return page.Words{Plain: "verifier", Kind: page.KindPKCE}
}

// back is what an authorization request comes to at once: the app gets a code
// or an error, or the person a refusal. A page that follows speaks for itself.
func (d *drawn) back(x *record.Exchange) []step {
	to, returned := x.Redirect(), x.Returned()
	switch {
	case x.Status >= 400:
		return []step{refusal(arrow(x, "a", serverToPerson, refusedWith(x)...))}
	case returned.Get("error") != "":
		return []step{refusal(arrow(x, "a", serverAnswers, both("Come back with an error: ", "error="), say(returned.Get("error"))))}
	case !returned.Has("code") && (to == nil || ours(to.Path)):
		return nil
	}
	return []step{arrow(x, "a", serverAnswers, append([]page.Words{both("Come back", "Authorization response")}, d.carry(record.Code, x.Given(), " + ")...)...)}
}

func ours(path string) bool {
	return slices.Contains([]string{"/login", "/select-account", "/consent", "/device", "/authorize", "/callback", "/app/callback"}, path)
}

// resume is the browser coming back to the pending request, to learn what is
// next.
func (d *drawn) resume(x *record.Exchange) []step {
	if back := d.back(x); back != nil {
		return back
	}
	next := map[string]page.Words{
		"/login":          both("Next: who is it?", "next() = login"),
		"/consent":        both("Next: what is allowed?", "next() = consent"),
		"/select-account": both("Next: which account?", "next() = select"),
		"/device":         both("Next: back to the device", "RFC 8628 3.3"),
	}
	if to := x.Redirect(); to != nil {
		if label, ok := next[to.Path]; ok {
			return []step{noted(x, "", byServer, true, label)}
		}
	}
	return []step{noted(x, "", byServer, !x.Refused(), both("Looks what is next", "GET /authorize?flow="))}
}

func (d *drawn) pageShown(x *record.Exchange, label page.Words) step {
	switch {
	case x.Status >= 400:
		return refusal(arrow(x, "", serverToPerson, refusedWith(x)...))
	case x.Redirect() != nil:
		return between(arrow(x, "", serverToPerson, say("Go to "+x.Redirect().Path)))
	}
	s := between(arrow(x, "", serverToPerson, label))
	s.Meta = strconv.Itoa(x.Status)
	return s
}

func (d *drawn) posted(x *record.Exchange, label page.Words, refused string) []step {
	out := []step{arrow(x, "", personToServer, label)}
	if x.Status >= 400 {
		out = append(out, refusal(arrow(x, "a", serverToPerson, say(refused+": "), say(x.Page))))
	}
	return out
}

// consented says how much was ticked.
func (d *drawn) consented(x *record.Exchange) page.Words {
	if x.Form().Get("decision") == "deny" {
		return both("Says no", "POST /consent: deny")
	}
	for _, c := range x.Checks {
		if c.Rule == grantedRule {
			asked, granted := len(strings.Fields(c.Expected)), len(strings.Fields(c.Got))
			return both(fmt.Sprintf("Allow %d of %d permissions", granted, asked), "POST /consent: "+c.Got)
		}
	}
	return both("Allow", "POST /consent")
}

// token is the way to the token endpoint and back.
func (d *drawn) token(x *record.Exchange) []step {
	form, sent := x.Form(), x.Sent()
	var ask []page.Words
	switch form.Get("grant_type") {
	case "authorization_code":
		ask = append([]page.Words{both("Swap", "grant_type=authorization_code")}, d.carry(record.Code, sent, " ")...)
		ask = append(ask, d.carry(record.Verifier, sent, " + ")...)
	case "refresh_token":
		ask = append([]page.Words{both("Renew with the", "grant_type=refresh_token")}, d.carry(record.Refresh, sent, " ")...)
	case "client_credentials":
		ask = []page.Words{both("Here is my own secret", "grant_type=client_credentials")}
	case grantDevice:
		ask = append([]page.Words{both("Is it allowed?", "grant_type=device_code")}, d.carry(record.Device, sent, " ")...)
	default:
		ask = []page.Words{both("Ask for a token", "token request")}
	}
	if x.Again() { // a device asks many times, and none of them moves anything on
		return []step{between(arrow(x, "", appToServer, append(ask, say(" · "), onceMore(x))...))}
	}
	out := []step{arrow(x, "", appToServer, ask...)}
	for _, c := range x.Checks {
		if c.Rule == verifierRule {
			label := both("SHA-256 matches ✓", "S256(code_verifier) = code_challenge ✓")
			switch {
			case strings.HasPrefix(c.Got, "no "):
				label = both("No verifier came", "code_verifier is missing")
			case !c.OK:
				label = both("SHA-256 does not match", "S256(code_verifier) ≠ code_challenge")
			}
			out = append(out, noted(x, "m", byServer, c.OK, label))
		}
	}
	if x.Replay() {
		out = append(out, noted(x, "r", byServer, false, both("Used twice: end the whole family", "replay: family revoked")))
	}
	return append(out, d.answered(x, serverToApp, d.issued(x)))
}

func (d *drawn) issued(x *record.Exchange) []page.Words {
	given := x.Given()
	label := d.carry(record.Access, given, "")
	if more := d.carry(record.Refresh, given, " + "); more != nil {
		label = append(label, more...)
	}
	if label == nil {
		return []page.Words{both("Tokens", "token response")}
	}
	return label
}

// answered is the way back, be it what was wanted or not.
func (d *drawn) answered(x *record.Exchange, w way, label []page.Words) step {
	switch {
	case x.Lost != "":
		return refusal(arrow(x, "a", w, append([]page.Words{say("Lost on the way: ")}, label...)...))
	case x.Again():
		return between(arrow(x, "a", w, onceMore(x)))
	case x.Status >= 400:
		return refusal(arrow(x, "a", w, refusedWith(x)...))
	}
	return arrow(x, "a", w, label...)
}

func (d *drawn) asked(x *record.Exchange, there, back way, ask []page.Words, answer page.Words) []step {
	return []step{arrow(x, "", there, ask...), d.answered(x, back, []page.Words{answer})}
}

func (d *drawn) anyToken(values []record.Value, before string) []page.Words {
	for _, kind := range []record.ValueKind{record.Access, record.Refresh, record.ID, record.Registration, record.Token} {
		if words := d.carry(kind, values, before); words != nil {
			return words
		}
	}
	return nil
}

func (d *drawn) api(x *record.Exchange) []step {
	ask := append([]page.Words{say(x.Method + " " + x.Path())}, d.anyToken(x.Sent(), " + ")...)
	answer := say(http.StatusText(x.Status))
	switch n := strings.Count(x.AnswerBody, `"user_id":`); {
	case x.Method == http.MethodGet && strings.HasPrefix(x.AnswerBody, `{"`) && strings.Contains(x.AnswerBody, `"items":`) && x.AnswerCut == 0:
		answer = both(fmt.Sprintf("%d timesheets", n), fmt.Sprintf("200, %d items", n))
		if n == 1 {
			answer = both("1 timesheet", "200, 1 item")
		}
	case x.Method == http.MethodGet && x.Status == http.StatusOK && n == 1:
		answer = both("The timesheet", "200")
	}
	return d.asked(x, appToAPI, apiToApp, ask, answer)
}

func refusedWith(x *record.Exchange) []page.Words {
	code := x.ErrorCode()
	if code == "" {
		code = http.StatusText(x.Status)
		if x.Page != "" {
			code = strings.TrimSuffix(x.Page, " · Punchcard")
		}
	}
	return []page.Words{both("Refused: ", strconv.Itoa(x.Status)+" "), say(code)}
}
