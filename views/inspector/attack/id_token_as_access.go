package attack

import "net/http"

// idTokenAsAccess shows the API an ID token in place of an access token.
//
// An ID token tells an app who has signed in. Apps log it, keep it in the
// browser and hand it to other services, because it was never meant to open
// anything. The attacker has found one.
//
// It is genuine: issued by this very server, signed with its key, about the
// right person, and not expired. An API that asks only whether the signature
// is good would let him in as that person.
//
// RFC 9068 4: the resource server MUST verify that the header's typ says
// at+jwt, and that aud names the API. An ID token has another typ, and names
// the app.
func idTokenAsAccess(p *play) (Outcome, error) {
	victim, thief := p.victim(), p.thief()

	tokens, err := victim.signedIn(p.Employee, "openid read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// The access token opens the door. It is the door that any token opens.
	honest, err := victim.api(http.MethodGet, "/me", tokens.Access, "")
	if err != nil {
		return Outcome{}, err
	}
	if honest.status != http.StatusOK {
		return Outcome{}, honest.unexpected("200 for the honest access token")
	}

	opened, err := thief.api(http.MethodGet, "/me", tokens.ID, "")
	if err != nil {
		return Outcome{}, err
	}
	return opened.decides(""), nil
}
