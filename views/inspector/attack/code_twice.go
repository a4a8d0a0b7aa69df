package attack

import "net/url"

// codeTwice redeems a code that was redeemed before.
//
// The thief reads a log that a proxy in front of the app has kept. One line
// is the app's whole token request: the authorization code, and the PKCE
// verifier beside it. The thief has everything that the app had.
//
// He sends the same request once more, byte for byte, and hopes for tokens of
// his own.
//
// RFC 6749 4.1.2: the client MUST NOT use a code more than once, and the
// server MUST deny a second use. It should also revoke what came of the first
// one, because nobody can tell which of the two was the thief.
func codeTwice(p *play) (Outcome, error) {
	victim, thief := p.victim(), p.thief()

	// The app gets its code, and redeems it as it should.
	stolen, err := victim.code(p.Employee, "offline_access read:timesheets")
	if err != nil {
		return Outcome{}, err
	}
	tokens, err := victim.redeem(stolen)
	if err != nil {
		return Outcome{}, err
	}

	// The thief repeats the request that he found.
	again, err := thief.post(p.token, url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {p.Client.ID},
		"redirect_uri":  {p.Client.RedirectURI},
		"code":          {stolen.code},
		"code_verifier": {stolen.verifier},
	})
	if err != nil {
		return Outcome{}, err
	}

	// What the app holds since the first use is no longer safe either.
	aftermath, err := victim.fates(tokens, "The honest app’s access token", "Its refresh token")
	return again.decides(aftermath), err
}
