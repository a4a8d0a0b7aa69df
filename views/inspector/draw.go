package inspector

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// drawing turns a recorded run into the values of the page. step is the id of
// the one to show in full; the last one that matters, where there is none such.
func (p *pages) drawing(_ context.Context, run record.Run, step, query string) page.Run {
	if !p.Private {
		run = run.Masked()
	}
	d := &drawn{pages: p, run: &run, home: path + "/" + strconv.Itoa(run.Number), query: query, now: p.Now()}
	d.values = run.Values()
	d.marks = newMarks(d.values)
	d.fold()
	d.all = d.steps()
	steps := d.all
	selected := selectedOf(steps, step)
	out := page.Run{
		Number: run.Number, Version: run.Version, Title: p.title(&run), Kind: kindOf(run.Title()),
		When: when(run.Began, d.now), Length: length(&run), Outcome: page.Outcome(run.Outcome()), OutcomeIn: outcomeIn(&run),
		Cast: p.cast(&run), Family: d.family(), Values: d.travelled(steps), Writes: d.written(steps),
		Attack: p.attackResult(d, steps), Kept: len(run.Lost()) > 0 && p.Private, Left: run.Left, HAR: path + "/har/" + strconv.Itoa(run.Number),
	}
	if selected >= 0 {
		out.Detail = d.detail(steps, selected)
		steps[selected].Selected = true
	}
	for _, s := range steps {
		out.Steps = append(out.Steps, s.Step)
	}
	return out
}

// drawn is a run while it is drawn.
type drawn struct {
	*pages
	run   *record.Run
	home  string // address of its page
	query string
	now   time.Time
	marks marks
	fates fates
	all   []step

	values    []record.Value          // that travel in the run
	verifiers map[string]record.Value // by what they are the challenge of
}

// selectedOf finds a step by its id. The one to begin with is the last refusal,
// else the last that moved the flow on.
func selectedOf(steps []step, id string) int {
	last := -1
	for i, s := range steps {
		if s.ID == id && id != "" {
			return i
		}
		if s.Number != "" {
			last = i
		}
	}
	if last < 0 {
		last = len(steps) - 1
	}
	return last
}

func length(run *record.Run) string {
	n := len(run.Exchanges) + run.Left
	took := run.Updated.Sub(run.Began)
	text := strconv.Itoa(n) + " exchange"
	if n != 1 {
		text += "s"
	}
	switch {
	case took < time.Second:
		return fmt.Sprintf("%s, %d ms", text, took.Milliseconds())
	case took < time.Minute:
		return fmt.Sprintf("%s, %.1f s", text, took.Seconds())
	}
	return text + ", " + took.Round(time.Second).String()
}

func outcomeIn(run *record.Run) string {
	switch run.Outcome() {
	case record.Done:
		return "all went well"
	case record.Refused:
		return "something was refused"
	case record.Reused:
		return "something was used twice: the grant is dead"
	}
	return "not finished"
}

// title names a run by who wants what of whom.
func (p *pages) title(run *record.Run) string {
	t := run.Title()
	if id, ok := attackOf(t.Agent); ok && !aside(*run) {
		if a, known := p.attackByID(id); known {
			return "Attack: " + a.Title
		}
	}
	client := p.clientName(run.Client)
	if client == "" {
		client = "An app"
	}
	person := firstName(p.personName(personOf(run)))
	switch t.Kind {
	case record.KindAuthorize, record.KindPushed, record.KindTry, record.KindResume, record.KindLogin, record.KindLoginPage, record.KindConsent, record.KindConsentPage, record.KindSelectPage, record.KindSelect, record.KindCallback:
		switch {
		case run.Client == "" && person != "":
			return person + " signs in to this server"
		case run.Client == "":
			return "Somebody looks at the sign-in page"
		case person != "":
			return person + " signs in to " + client
		case t.Error != "" || run.Outcome() == record.Refused:
			return client + " asks, and is refused"
		}
		return client + " asks somebody to sign in"
	case record.KindToken:
		switch t.Grant {
		case "client_credentials":
			return client + " gets a token of its own"
		case "refresh_token":
			return client + " renews its tokens"
		case "authorization_code":
			return client + " swaps a code"
		case grantDevice:
			return client + " asks whether a device is allowed"
		}
		return client + " asks for a token"
	case record.KindDevice:
		if name := firstName(p.personName(run.Person)); name != "" {
			return name + " lets " + client + " in on a device"
		}
		return client + " on a device asks somebody to allow it"
	case record.KindDevicePage, record.KindDeviceForm:
		return "Somebody is asked for the code of a device"
	case record.KindRegister:
		return client + " registers itself"
	case record.KindAccountPage, record.KindAccount:
		return "Somebody looks after their account"
	case record.KindAPI:
		who := person
		if who == "" {
			who = "Somebody"
		}
		return who + " calls " + t.Method + " " + t.Path
	case record.KindMetadata, record.KindKeys:
		return "Somebody looks up the endpoints and keys"
	case record.KindPreflight:
		return "A browser asks whether an app may call"
	case record.KindLogout:
		return "Somebody signs out"
	}
	return client + " calls " + t.Path
}

func firstName(name string) string {
	first, _, _ := strings.Cut(name, " ")
	return first
}

// kindOf names the flow as the specifications do.
func kindOf(t record.Title) string {
	switch t.Kind {
	case record.KindAuthorize, record.KindTry, record.KindResume, record.KindCallback, record.KindConsent, record.KindConsentPage:
		return "Authorization code with PKCE"
	case record.KindPushed:
		return "Authorization code with PKCE, pushed"
	case record.KindDevice, record.KindDevicePage, record.KindDeviceForm:
		return "Device grant"
	case record.KindRegister:
		return "Client registration"
	case record.KindAccountPage, record.KindAccount:
		return "Account"
	case record.KindLogin, record.KindLoginPage:
		return "Sign-in"
	case record.KindToken:
		return map[string]string{
			"client_credentials": "Client credentials", "refresh_token": "Refresh", "authorization_code": "Authorization code", grantDevice: "Device grant",
		}[t.Grant]
	case record.KindAPI:
		return "API call"
	case record.KindMetadata, record.KindKeys:
		return "Discovery"
	case record.KindPreflight:
		return "CORS preflight"
	case record.KindLogout:
		return "Logout"
	case record.KindIntrospect:
		return "Introspection"
	case record.KindRevoke:
		return "Revocation"
	case record.KindUserinfo:
		return "UserInfo"
	}
	return ""
}

func (p *pages) cast(run *record.Run) [4]page.Actor {
	person := "A browser"
	if name := firstName(p.personName(personOf(run))); name != "" {
		person = name + "’s browser"
	}
	client := p.clientName(run.Client)
	if client == "" {
		client = "An app"
	}
	return [4]page.Actor{
		{Name: person, Term: "resource owner"}, {Name: client, Term: "client"},
		{Name: "Punchcard", Term: "authorization server"}, {Name: "Timesheets API", Term: "resource server"},
	}
}

// travelled lists every value with the steps where it occurs.
func (d *drawn) travelled(steps []step) (out []page.TravellingValue) {
	at := map[string]int{}
	for _, v := range d.values {
		at[v.ID()] = len(out)
		out = append(out, page.TravellingValue{Name: string(v.Kind), Kind: colour(v.Kind), Value: v.ID(), Short: v.Mask})
	}
	for _, s := range steps {
		if s.Note {
			continue
		}
		values := s.exchange.Sent()
		if s.answer {
			values = s.exchange.Given()
		}
		for _, v := range values {
			i, followed := at[v.ID()]
			if !followed {
				continue
			}
			t := &out[i]
			if !slices.ContainsFunc(t.Steps, func(o page.ValueStep) bool { return o.Href == s.Href }) {
				t.Steps = append(t.Steps, page.ValueStep{Text: s.name(), Href: s.Href})
			}
		}
	}
	return slices.DeleteFunc(out, func(v page.TravellingValue) bool { return len(v.Steps) == 0 })
}

// written lists the rows of the whole run.
func (d *drawn) written(steps []step) (out []page.RowWritten) {
	first := map[*record.Exchange]string{}
	for _, s := range steps {
		if first[s.exchange] == "" {
			first[s.exchange] = s.Href
		}
	}
	for _, x := range d.run.Exchanges {
		for _, w := range x.Writes {
			row := rowOf(w)
			row.Step = first[x]
			out = append(out, row)
		}
	}
	return out
}
