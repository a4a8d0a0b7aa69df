package attack

import "net/http"

// forgedConsent has another site press Allow.
//
// The victim is signed in and looks at the consent page: an app asks, nothing
// is decided yet. In another tab a page of the attacker is open. It holds a
// form that goes to this server's consent address, with "allow" filled in, and
// a script that sends it off.
//
// The attack is given more than it could have. It knows the hidden fields of
// the victim's form, which it cannot read, and the victim's cookies come with
// it, which SameSite=Lax would keep back. One thing it cannot change: the
// browser itself says on which site the form was.
//
// RFC 6749 10.12: the server MUST protect its authorization endpoint against
// cross-site requests, so that nobody can give consent without the person's
// knowing it.
func forgedConsent(p *play) (Outcome, error) {
	victim := p.victim()

	page, err := victim.ask(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// What the attacker's page has the victim's browser send.
	form := page.form.values
	form["scope"] = page.form.offered
	form.Set("decision", "allow")
	forged, err := victim.steered().submit(page.form.action, form,
		"Origin", "https://evil.example",
		"Sec-Fetch-Site", "cross-site",
		"Sec-Fetch-Mode", "navigate",
	)
	if err != nil {
		return Outcome{}, err
	}

	// The victim reloads her own page: was anything decided? Then she cancels.
	reloaded, err := victim.get(page.page.url.String())
	if err != nil {
		return Outcome{}, err
	}
	if reloaded.status != http.StatusOK || reloaded.form() == nil {
		return forged.decides("It was decided without her: the consent page answers " + reloaded.String() + "."), nil
	}
	_, err = victim.cancel(page)
	return forged.decides("Nothing was decided: the consent page still asks her."), err
}
