package attack

import (
	"crypto/rand"
	"net/url"
)

// wrongVerifier redeems a stolen code with a verifier that is made up.
//
// The thief has an app of his own on the victim's phone. It listens at the
// same redirect URI as the honest app, so the browser delivers the code to
// him. The client is public: its client_id is printed in every copy of it, and
// there is no secret that he would need.
//
// What he does not have is the verifier. The honest app made it up before the
// sign-in began and never sent it; the server has only seen its hash. He makes
// up one of his own, and redeems the code first.
//
// RFC 7636 4.6: the server hashes the verifier and compares. If the values are
// not equal, it answers invalid_grant.
func wrongVerifier(p *play) (Outcome, error) {
	victim, thief := p.victim(), p.thief()

	stolen, err := victim.code(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// The thief is faster than the honest app.
	guess, err := thief.post(p.token, url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {p.Client.ID},
		"redirect_uri":  {p.Client.RedirectURI},
		"code":          {stolen.code},
		"code_verifier": {rand.Text() + rand.Text()},
	})
	if err != nil {
		return Outcome{}, err
	}

	// Could he at least lock out the honest app, by using up its code?
	aftermath, err := victim.chance(stolen)
	return guess.decides(aftermath), err
}
