package inspector

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector/attack"
	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// tries remember what each attack came to since the start.
type tries struct {
	mu   sync.Mutex
	last map[string]attack.Outcome
}

func (t *tries) put(id string, o attack.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		t.last = map[string]attack.Outcome{}
	}
	t.last[id] = o
}

func (t *tries) get(id string) (attack.Outcome, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o, ok := t.last[id]
	return o, ok
}

func (t *tries) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = nil
}

func (p *pages) attackCards() (cards []page.AttackCard) {
	for _, a := range p.attacks {
		card := page.AttackCard{ID: a.ID, Href: path + "/attacks/" + a.ID, Title: a.Title, Lacks: a.Lacks(p.Stage)}
		if o, ok := p.tries.get(a.ID); ok {
			card.Tried, card.Blocked, card.Answer = true, o.Blocked, o.Answer
		}
		cards = append(cards, card)
	}
	return cards
}

func (p *pages) attackByID(id string) (attack.Attack, bool) {
	i := slices.IndexFunc(p.attacks, func(a attack.Attack) bool { return a.ID == id })
	if i < 0 {
		return attack.Attack{}, false
	}
	return p.attacks[i], true
}

// attackOf finds the attack that a User-Agent belongs to, or its victim.
func attackOf(agent string) (id string, ok bool) {
	for _, who := range []string{"Punchcard attack (", "Punchcard victim ("} {
		if rest, found := strings.CutPrefix(agent, who); found {
			id, _, ok = strings.Cut(rest, ")")
			return id, ok
		}
	}
	return "", false
}

// byAttack says whether a request is an attack's or its victim's. Faults spare
// those: they wait for somebody's app, which would go free instead.
func byAttack(r *http.Request) bool {
	_, ok := attackOf(r.UserAgent())
	return ok
}

// attackPage tells the story and asks for a prediction.
func (p *pages) attackPage(w http.ResponseWriter, r *http.Request) {
	a, ok := p.attackByID(r.PathValue("id"))
	if !ok {
		p.problem(w, r, http.StatusNotFound, "There is no such attack", "The list at "+path+" has all of them.")
		return
	}
	p.showAttack(w, r, http.StatusOK, a, "")
}

func (p *pages) showAttack(w http.ResponseWriter, r *http.Request, status int, a attack.Attack, problem string) {
	view := page.AttackPage{
		Frame: p.frame(r), ID: a.ID, Title: a.Title, Text: a.Story, Action: path + "/attacks/" + a.ID, Choices: a.Choices,
		Problem: problem, Predicted: r.PostFormValue("prediction"), Lacks: a.Lacks(p.Stage), Source: a.Source, File: a.File,
	}
	for _, card := range p.attackCards() {
		if card.ID != a.ID {
			view.Others = append(view.Others, card)
		}
	}
	views.WriteApp(w, r, status, page.AttackPageOf(view))
}

// attackTime is how long an attack may take, with all its signing in.
const attackTime = 20 * time.Second

// attack asks for the prediction first, then does it for real.
func (p *pages) attack(w http.ResponseWriter, r *http.Request) {
	a, ok := p.attackByID(r.PathValue("id"))
	if !ok {
		p.problem(w, r, http.StatusNotFound, "There is no such attack", "The list at "+path+" has all of them.")
		return
	}
	predicted := r.PostFormValue("prediction")
	switch {
	case a.Lacks(p.Stage) != "":
		p.showAttack(w, r, http.StatusConflict, a, "It can’t be played here: "+a.Lacks(p.Stage))
		return
	case !slices.Contains(a.Choices, predicted):
		p.showAttack(w, r, http.StatusUnprocessableEntity, a, "First say what you expect: choose one of the answers.")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), attackTime)
	defer cancel()
	outcome, err := a.Run(ctx, p.Stage)
	if err != nil {
		p.showAttack(w, r, http.StatusBadGateway, a, "It could not be played to its end: "+err.Error())
		return
	}
	p.tries.put(a.ID, outcome)
	seen, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	number, ok := p.Recorder.Attempted(seen, record.Attempt{
		ID: a.ID, Predicted: predicted, Answer: outcome.Answer, Aftermath: outcome.Aftermath, RequestID: outcome.RequestID, Blocked: outcome.Blocked,
	})
	if !ok {
		p.showAttack(w, r, http.StatusServiceUnavailable, a, "It was played, and the answer was "+outcome.Answer+". The recorder was too busy to keep it.")
		return
	}
	w.Header().Set("Location", path+"/"+strconv.Itoa(number)+"?done=attack")
	w.WriteHeader(http.StatusSeeOther)
}

// attackResult is what the attack of a run came to; nil for an honest run.
func (p *pages) attackResult(d *drawn, steps []step) *page.AttackResult {
	t := d.run.Attempt
	if t == nil {
		return nil
	}
	a, _ := p.attackByID(t.ID)
	out := &page.AttackResult{
		ID: t.ID, Title: a.Title, Href: path + "/attacks/" + t.ID, Predicted: t.Predicted, Answer: t.Answer, Blocked: t.Blocked,
		Right: t.Predicted == t.Answer, Lesson: strings.TrimSpace(a.Lesson + " " + t.Aftermath), Clause: a.Clause, ClauseHref: clauseHref(a.Clause),
	}
	for _, s := range steps {
		if s.exchange.RequestID == t.RequestID {
			out.StepHref = s.Href
		}
	}
	return out
}
