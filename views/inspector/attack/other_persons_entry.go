package attack

import (
	"bytes"
	"net/http"
)

// otherPersonsEntry reads a colleague's entry by its id.
//
// The attacker is an employee like any other. She is signed in as herself, and
// her token may read timesheets. In a forwarded link she has seen the id of an
// entry that a colleague has filed.
//
// The scope is right and the token is hers. Only the entry is not. She asks
// for it by its id.
//
// A scope says what an app may do, never whose things it may do it to; that
// the API has to check for each entry. RFC 9110 15.5.5: 404 also stands for a
// server that is not willing to say whether something exists. A 403 would tell
// her which ids are taken.
func otherPersonsEntry(p *play) (Outcome, error) {
	colleague, attacker := p.victim(), p.thief()

	theirs, err := colleague.signedIn(p.Colleague, "read:timesheets create:timesheets delete:timesheets")
	if err != nil {
		return Outcome{}, err
	}
	entry, err := colleague.fileHours(theirs)
	if err != nil {
		return Outcome{}, err
	}

	// For its owner, it is there.
	own, err := colleague.api(http.MethodGet, "/timesheets/"+entry, theirs.Access, "")
	if err != nil {
		return Outcome{}, err
	}
	if own.status != http.StatusOK {
		return Outcome{}, own.unexpected("200 for the owner of the entry")
	}

	mine, err := attacker.signedIn(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}
	read, err := attacker.api(http.MethodGet, "/timesheets/"+entry, mine.Access, "")
	if err != nil {
		return Outcome{}, err
	}

	// Can she tell it from an entry that never was?
	none, err := attacker.api(http.MethodGet, "/timesheets/ts_aaaaaaaaaaaaaaaa", mine.Access, "")
	if err != nil {
		return Outcome{}, err
	}
	if none.status == read.status && bytes.Equal(none.body, read.body) {
		return read.decides("An id that never was gets the same answer, word for word."), nil
	}
	return read.decides("An id that never was gets another answer: " + none.String() + "."), nil
}
