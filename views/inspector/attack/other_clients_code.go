package attack

import (
	"encoding/base64"
	"net/url"
)

// otherClientsCode redeems one app's code as another app.
//
// The attacker runs an app of his own, registered at this server like any
// other, with a client_id and a secret. He has got hold of a code that was
// issued to somebody else's app, and of its verifier as well.
//
// He does not pretend to be that app. He authenticates as himself, correctly,
// and presents the code as if it were his. The tokens would speak for a person
// who has never allowed his app anything.
//
// RFC 6749 4.1.3: the server MUST ensure that the code was issued to the
// client that presents it. RFC 6749 5.2 calls the refusal invalid_grant.
func otherClientsCode(p *play) (Outcome, error) {
	victim, rival := p.victim(), p.thief()

	stolen, err := victim.code(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// RFC 6749 2.3.1: HTTP Basic, both halves encoded as in a form.
	credentials := url.QueryEscape(p.Rival.ID) + ":" + url.QueryEscape(p.Rival.Secret)
	claimed, err := rival.post(p.token, url.Values{
		"grant_type":    {"authorization_code"},
		"redirect_uri":  {p.Client.RedirectURI},
		"code":          {stolen.code},
		"code_verifier": {stolen.verifier},
	}, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	if err != nil {
		return Outcome{}, err
	}
	aftermath, err := victim.chance(stolen)
	return claimed.decides(aftermath), err
}
