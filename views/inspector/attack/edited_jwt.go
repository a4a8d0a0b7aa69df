package attack

import "net/http"

// editedJWT writes a scope into an access token.
//
// The attacker is an employee with an access token of her own, an honest one.
// It is a JWT, so she can read it: three parts in base64, and in the middle
// one it says "scope". What approves hours is not among them, and the API
// tells her so: 403 insufficient_scope.
//
// She decodes the middle part, adds approve:timesheets to the scope, and puts
// the token together again. The signature stays as it was: she has no key to
// make another.
//
// RFC 9068 4: the resource server MUST validate the signature of every access
// token. It was made over the text as it was issued, so no other text fits it.
func editedJWT(p *play) (Outcome, error) {
	attacker := p.thief()

	tokens, err := attacker.signedIn(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// As it was issued, the token is genuine but does not reach this far.
	shut, err := attacker.api(http.MethodGet, "/approvals", tokens.Access, "")
	if err != nil {
		return Outcome{}, err
	}
	if shut.status != http.StatusForbidden {
		return Outcome{}, shut.unexpected("403 for a token without the scope")
	}

	header, claims, signature, err := takeApart(tokens.Access)
	if err != nil {
		return Outcome{}, err
	}
	claims["scope"] = "read:timesheets approve:timesheets"
	edited := header + "." + encode(claims) + "." + signature

	opened, err := attacker.api(http.MethodGet, "/approvals", edited, "")
	if err != nil {
		return Outcome{}, err
	}
	return opened.decides(""), nil
}
