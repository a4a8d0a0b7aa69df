package attack

import (
	"crypto/rand"
	"net/url"
)

// swappedRedirect has the code sent to the attacker's own address.
//
// The attacker writes a link and gets the victim to open it. It is an ordinary
// authorization request: the right server, the right client_id. Only the host
// in redirect_uri is his. He made the PKCE verifier himself, so PKCE does not
// stop him.
//
// The victim is signed in and trusts the app. If the server sent the browser
// on, the code would arrive at the attacker, and nobody would notice.
//
// RFC 9700 2.1: redirect URIs are compared by exact string matching. RFC 6749
// 4.1.2.1: where it does not match, the server tells the person, and MUST NOT
// redirect the browser there, not even with an error.
func swappedRedirect(p *play) (Outcome, error) {
	victim := p.victim()

	// The victim has signed in to the app before.
	if _, err := victim.code(p.Employee, "read:timesheets"); err != nil {
		return Outcome{}, err
	}

	// The attacker's address looks like the app's, with another host.
	evil, err := url.Parse(p.Client.RedirectURI)
	if err != nil {
		return Outcome{}, err
	}
	evil.Host = "evil.example"

	// The victim's browser, with all its cookies, opens the link.
	opened, err := victim.steered().get(p.authorization + "?" + url.Values{
		"response_type":         {"code"},
		"client_id":             {p.Client.ID},
		"redirect_uri":          {evil.String()},
		"scope":                 {"read:timesheets"},
		"state":                 {rand.Text()},
		"code_challenge":        {challenge(rand.Text() + rand.Text())},
		"code_challenge_method": {"S256"},
	}.Encode())
	if err != nil {
		return Outcome{}, err
	}
	out := opened.decides("")
	if opened.header.Get("Location") == "" {
		out.Answer += ", no redirect"
	}
	return out, nil
}
