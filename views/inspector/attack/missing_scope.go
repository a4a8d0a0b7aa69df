package attack

import "net/http"

// missingScope deletes an entry with a token that may only read.
//
// The victim uses two apps. One is for filing hours, and may delete them. The
// other only draws a chart of the week, so the victim allowed it to read, and
// nothing more.
//
// The chart's token is stolen. It is genuine and in force, and it belongs to
// the person whose entries these are, who may of course delete them. The thief
// tries to.
//
// RFC 6750 3.1: a request needs the privileges of the token, not those of the
// person. A token that lacks the scope gets 403 insufficient_scope.
func missingScope(p *play) (Outcome, error) {
	victim, thief := p.victim(), p.thief()

	filing, err := victim.signedIn(p.Employee, "create:timesheets delete:timesheets")
	if err != nil {
		return Outcome{}, err
	}
	entry, err := victim.fileHours(filing)
	if err != nil {
		return Outcome{}, err
	}
	chart, err := victim.signedIn(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	deleted, err := thief.api(http.MethodDelete, "/timesheets/"+entry, chart.Access, "")
	if err != nil {
		return Outcome{}, err
	}

	// Nothing must have happened to the entry.
	read, err := victim.api(http.MethodGet, "/timesheets/"+entry, chart.Access, "")
	if err != nil {
		return Outcome{}, err
	}
	if read.status == http.StatusOK {
		return deleted.decides("The entry is still there: 200."), nil
	}
	return deleted.decides("The entry is gone: " + read.String() + "."), nil
}
