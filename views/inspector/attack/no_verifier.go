package attack

import "net/url"

// noVerifier redeems a stolen code without any verifier.
//
// Again the thief has caught the code on its way back to the app, and does
// not know the verifier. This time he does not guess. He leaves the parameter
// out, as an old app would that has never heard of PKCE.
//
// A server that compares only where there is something to compare with would
// let him in, and all of PKCE would be for nothing.
//
// RFC 9700 2.1.1: if the authorization request had a code_challenge, the
// server MUST enforce the correct use of code_verifier at the token endpoint.
func noVerifier(p *play) (Outcome, error) {
	victim, thief := p.victim(), p.thief()

	stolen, err := victim.code(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// Everything is here but code_verifier.
	bare, err := thief.post(p.token, url.Values{
		"grant_type":   {"authorization_code"},
		"client_id":    {p.Client.ID},
		"redirect_uri": {p.Client.RedirectURI},
		"code":         {stolen.code},
	})
	if err != nil {
		return Outcome{}, err
	}
	aftermath, err := victim.chance(stolen)
	return bare.decides(aftermath), err
}
