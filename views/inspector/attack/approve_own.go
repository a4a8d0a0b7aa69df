package attack

import "net/http"

// approveOwn has a manager approve her own hours.
//
// Nothing is stolen here. The manager is signed in as herself, and her token
// carries approve:timesheets, because her role gives it. She files an entry,
// and approves it before anybody else has seen it.
//
// Token, scope and role are all as they should be. What is wrong is a rule of
// the company: four eyes look at every hour. No token can express that rule,
// so the API has to know it.
//
// RFC 9110 15.5.4: the request was understood, and is refused. It is 403 and
// not 404, because she knows her own entry and the reason helps her.
func approveOwn(p *play) (Outcome, error) {
	manager := p.thief()

	tokens, err := manager.signedIn(p.Manager, "create:timesheets delete:timesheets approve:timesheets")
	if err != nil {
		return Outcome{}, err
	}
	entry, err := manager.fileHours(tokens)
	if err != nil {
		return Outcome{}, err
	}

	approved, err := manager.api(http.MethodPut, "/approvals/"+entry, tokens.Access, `{"decision":"approve"}`)
	if err != nil {
		return Outcome{}, err
	}
	return approved.decides(""), nil
}
