package inspector

import (
	"strings"
	"time"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// fate is what became of a code or token.
type fate struct {
	kind     record.ValueKind
	value    record.Value
	issued   *record.Exchange
	expires  time.Time
	used     bool // a code was exchanged, a refresh token rotated
	replaced bool // an access token that a refresh took the place of
	reused   bool
	revoked  bool
	children []string
}

// fates tell, for each value by its id, what became of it.
type fates struct {
	all   map[string]*fate
	roots []string
	dead  string // why the grant is over; "" while it stands
	twice bool   // because something was used twice
}

// of names the state of a token as the page shows it.
func (f fates) of(v record.Value) string {
	t, known := f.all[v.ID()]
	switch {
	case !known:
		return "foreign"
	case t.reused:
		return "reused"
	case f.dead != "" || t.revoked:
		return "revoked"
	case t.replaced:
		return "replaced"
	case t.used:
		return "used"
	}
	return "alive"
}

// fold follows the grant through the exchanges: what was issued, what was spent
// on it, and how it ended.
func (d *drawn) fold() {
	f := &d.fates
	f.all = map[string]*fate{}
	var access []string // those that stand
	for _, x := range d.run.Exchanges {
		spent := d.spent(x)
		if x.Replay() {
			f.dead, f.twice = "something was used twice", true
			if t := f.all[spent]; t != nil {
				t.reused = true
			}
		}
		if x.Kind == record.KindRevoke && x.Status < 400 && wrote(x, "revoke") {
			f.dead = "the app gave it back"
		}
		for _, v := range x.Given() {
			switch v.Kind {
			case record.Code, record.Device, record.Access, record.Refresh, record.ID:
			default:
				continue
			}
			if _, known := f.all[v.ID()]; known {
				continue
			}
			f.all[v.ID()] = &fate{kind: v.Kind, value: v, issued: x, expires: d.expiry(x, v)}
			if parent := f.all[spent]; parent != nil && v.Kind != record.Code && v.Kind != record.Device {
				parent.children = append(parent.children, v.ID())
			} else {
				f.roots = append(f.roots, v.ID())
			}
			if v.Kind == record.Access {
				for _, old := range access {
					f.all[old].replaced = true
				}
				access = []string{v.ID()}
			}
		}
		if t := f.all[spent]; t != nil && x.Kind == record.KindToken && x.Status == 200 {
			t.used = true
		}
		if x.Kind == record.KindToken && x.Form().Get("grant_type") == "client_credentials" {
			access = nil // each is a grant of its own
		}
	}
	if d.run.Ended != "" && f.dead == "" {
		f.dead = d.run.Ended
	}
}

// spent is the id of what a token request spends.
func (d *drawn) spent(x *record.Exchange) string {
	if x.Kind != record.KindToken {
		return ""
	}
	for _, v := range x.Sent() {
		if v.Kind == record.Code || v.Kind == record.Device || v.Kind == record.Refresh {
			return v.ID()
		}
	}
	return ""
}

func wrote(x *record.Exchange, op string) bool {
	for _, w := range x.Writes {
		if w.Op == op {
			return true
		}
	}
	return false
}

// expiry is known of what is a JWT.
func (d *drawn) expiry(_ *record.Exchange, v record.Value) time.Time {
	payload := record.Payload(v.Raw)
	if v.Raw == "" {
		_, payload = d.run.Claims(v)
	}
	var claims map[string]any
	if payload == "" || decode(payload, &claims) != nil {
		return time.Time{}
	}
	return time.Unix(number(claims["exp"]), 0)
}

// family draws the tree; nil where nothing was issued.
func (d *drawn) family() *page.Family {
	if len(d.fates.roots) == 0 {
		return nil
	}
	out := &page.Family{State: "alive", Text: "The grant stands."}
	switch {
	case d.fates.twice:
		out.State, out.Text = "attacked", "Somebody used a code or a refresh token for the second time. Nobody can tell the thief from the owner, so all of it is dead."
	case d.fates.dead != "":
		out.State, out.Text = "revoked", "The grant is over: "+d.fates.dead+"."
	case !d.anyAlive():
		out.State, out.Text = "ended", "Nothing of it is good any more."
	}
	for _, id := range d.fates.roots {
		out.Roots = append(out.Roots, d.node(id))
	}
	return out
}

func (d *drawn) anyAlive() bool {
	for _, t := range d.fates.all {
		if state, _ := d.stateOf(t); state == "alive" {
			return true
		}
	}
	return false
}

func (d *drawn) node(id string) page.FamilyNode {
	t := d.fates.all[id]
	state, text := d.stateOf(t)
	n := page.FamilyNode{Name: string(t.kind), Kind: colour(t.kind), Value: id, Short: t.value.Mask, State: state, StateText: text}
	if state == "alive" && t.kind != record.ID && t.kind != record.Device && len(t.value.Hash) > 8 {
		n.ExpireHref = path + "/expire/" + t.value.Hash
	}
	for _, s := range d.all {
		if s.exchange == t.issued && (s.answer || n.Step == "") {
			n.Step = s.Href
		}
	}
	for _, child := range t.children {
		n.Children = append(n.Children, d.node(child))
	}
	return n
}

func (d *drawn) stateOf(t *fate) (state, text string) {
	state = d.fates.of(t.value)
	if state == "alive" && !t.expires.IsZero() && !t.expires.After(d.now) {
		state = "expired"
	}
	text = map[string]string{
		"alive": "good", "used": "spent", "replaced": "replaced by a newer one", "expired": "expired", "revoked": "revoked", "reused": "used twice",
	}[state]
	if state == "used" && t.kind == record.Refresh {
		text = "rotated"
	}
	if t.kind == record.ID && state != "expired" {
		state, text = "alive", "says who signed in; opens nothing"
	}
	return state, strings.TrimSpace(text)
}

// verifier is the one that a challenge was made of, RFC 7636 4.2.
func (d *drawn) verifier(challenge string) (record.Value, bool) {
	if d.verifiers == nil {
		d.verifiers = map[string]record.Value{}
		for _, v := range d.values {
			if v.Kind == record.Verifier && v.Raw != "" {
				d.verifiers[record.ChallengeOf(v.Raw)] = v
			}
		}
	}
	v, known := d.verifiers[challenge]
	return v, known
}
