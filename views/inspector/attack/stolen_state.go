package attack

import "net/http"

// stolenState takes a pending sign-in to another browser.
//
// An app protects its sign-in with state: a random value that it sends along
// and wants back. A code that arrives under the wrong state is thrown away, so
// an attacker cannot slip a code of his own into the victim's browser.
//
// This attacker goes one step further back. While the victim signs in, state
// and code challenge are parked at the server, and the address bar shows only
// the handle of that request, flow=…. He has seen it on a shared screen. If he
// could finish the request in his own browser, signed in as himself, the
// server would send out his code under the victim's state. The app would find
// everything right, and from then on the victim would write her hours into his
// account.
//
// So the handle must be worth nothing to him. RFC 6749 10.12 asks the app to
// tie its state to the browser that began; the server does the same with the
// pending request, and refuses it to any other browser.
func stolenState(p *play) (Outcome, error) {
	victim, thief := p.victim(), p.thief()

	page, err := victim.ask(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// The thief types the address that he has seen.
	opened, err := thief.get(page.page.url.String())
	if err != nil {
		return Outcome{}, err
	}

	// In the browser in which it began, the request must have come to no harm.
	reloaded, err := victim.get(page.page.url.String())
	if err != nil {
		return Outcome{}, err
	}
	if reloaded.status != http.StatusOK || reloaded.form() == nil {
		return opened.decides("In the victim’s browser the request is broken: " + reloaded.String() + "."), nil
	}
	_, err = victim.cancel(page)
	return opened.decides("In the victim’s own browser the request still stands: 200."), err
}
