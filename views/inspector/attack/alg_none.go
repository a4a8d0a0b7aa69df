package attack

import "net/http"

// algNone makes an access token that says that it needs no signature.
//
// The attacker cannot sign a token, but she knows that a JWT's header names
// the algorithm by which it is to be checked, and that the list of algorithms
// has one called "none". More than one library has believed it.
//
// She takes an honest token of her own as a pattern, adds the scope that she
// would like to have, writes "none" into the header and leaves the signature
// empty.
//
// RFC 9068 4: the resource server MUST reject any JWT whose alg is none. The
// server decides how a token is checked, never the token.
func algNone(p *play) (Outcome, error) {
	attacker := p.thief()

	tokens, err := attacker.signedIn(p.Employee, "read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	_, claims, _, err := takeApart(tokens.Access)
	if err != nil {
		return Outcome{}, err
	}
	claims["scope"] = "read:timesheets approve:timesheets"
	header := encode(map[string]any{"alg": "none", "typ": "at+jwt"})
	unsigned := header + "." + encode(claims) + "." // nothing after the last dot

	opened, err := attacker.api(http.MethodGet, "/approvals", unsigned, "")
	if err != nil {
		return Outcome{}, err
	}
	return opened.decides(""), nil
}
