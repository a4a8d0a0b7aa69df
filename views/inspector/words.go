package inspector

import "github.com/exampleco/punchcard/views"

// meaning of a claim, in plain words.
func meaning(claim string) string { return meanings[claim] }

var meanings = map[string]string{
	"iss": "this server made it", "sub": "who it speaks for", "aud": "the only one that may accept it", "client_id": "who is holding it",
	"azp": "who is holding it", "scope": "what it opens", "exp": "good until", "iat": "made", "nbf": "not before", "jti": "its own name",
	"auth_time": "the password was typed", "email": "their address", "email_verified": "whether that was checked", "name": "their name", "nonce": "the app’s own, to know it again",
	"sid": "the browser session", "at_hash": "belongs to this access token", "given_name": "first name", "family_name": "last name",
	"preferred_username": "what they go by", "cnf": "only who has this key may use it", "acr": "how surely", "amr": "how they proved it",
	"alg": "how it is signed", "kid": "with which key", "typ": "what it is: at+jwt is an access token",
}

var (
	headerOrderJWT = []string{"typ", "alg", "kid"}
	claimOrder     = []string{"iss", "sub", "aud", "client_id", "scope", "cnf", "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "name", "sid", "at_hash", "jti"}
)

// clauseHref is where a clause can be read, "" where that is not known.
func clauseHref(clause string) string {
	for _, link := range views.Clauses(clause) {
		return link.Href
	}
	return ""
}
