package inspector

import "strings"

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

// clauseHref is where a clause can be read.
func clauseHref(clause string) string {
	clause, _, _ = strings.Cut(clause, ",")
	if rest, ok := strings.CutPrefix(clause, "RFC "); ok {
		number, section, _ := strings.Cut(rest, " ")
		if section == "" {
			return "https://www.rfc-editor.org/rfc/rfc" + number
		}
		return "https://www.rfc-editor.org/rfc/rfc" + number + "#section-" + section
	}
	for _, spec := range []struct{ name, href string }{
		{"OIDC Core", "https://openid.net/specs/openid-connect-core-1_0.html"},
		{"OIDC Registration", "https://openid.net/specs/openid-connect-registration-1_0.html"},
		{"OAuth 2.0 Multiple Response Types", "https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html"},
		{"RP-Initiated Logout", "https://openid.net/specs/openid-connect-rpinitiated-1_0.html"},
		{"OWASP ASVS", "https://owasp.org/www-project-application-security-verification-standard/"},
	} {
		if strings.HasPrefix(clause, spec.name) {
			return spec.href
		}
	}
	return ""
}
