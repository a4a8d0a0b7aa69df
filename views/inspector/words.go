package inspector

import "strings"

// why says in plain words what a check is good for, by the beginning or the end
// of its rule.
func why(rule string) string {
	for _, w := range reasons {
		if strings.HasPrefix(rule, w.rule) || strings.HasSuffix(rule, w.rule) {
			return w.text
		}
	}
	return ""
}

var reasons = []struct{ rule, text string }{
	{"client is registered", "An unknown app could send people anywhere, so nothing it says about where to go is believed."},
	{"redirect_uri exact", "The code goes to this address. One character of latitude, and it could go to somebody else."},
	{"redirect_uri of the request exact", "A code that was asked for at one address is not handed out for another."},
	{"response_mode", "The answer goes back only in a way in which this app can receive it."},
	{"response_type", "Only the code flow is served: tokens never travel through the browser’s address bar."},
	{"PKCE required", "Without a challenge, whoever catches the code could use it."},
	{"code_challenge_method", "With “plain”, whoever sees the request has the verifier."},
	{"code_challenge form", "A SHA-256 always has this form; anything else was not made from a verifier."},
	{"code_verifier", "Only the app that began can finish: hashing its verifier has to give the challenge it sent at first."},
	{"code belongs to", "A code is for the app that asked for it. Otherwise one app could use what another one lost."},
	{"scope is known", "A name that this server does not have is a mistake. Saying so beats leaving it out."},
	{"scope that this client", "An app gets at most what it was registered for. The rest is left out, and the response says what is granted."},
	{"scope is of the named API", "Every scope of a token has to mean something at the API that the token is for."},
	{"scopes of one API", "A token is for one API. With scopes of two, one API could use it at the other."},
	{"client has a scope", "A token without a scope would open what asks for none."},
	{"something of the grant", "A role or a registration has lost all that was granted, so there is nothing to issue."},
	{"a machine's scope", "No person can give this scope, so an app that people sign in to cannot use it."},
	{"client may have such a token", "A client that has lost a grant has lost what came of it."},
	{"scope is still given", "What a role or a registration has lost is gone at the next call, not only from the next token."},
	{"scope within", "A refresh can ask for less than was granted, never for more."},
	{"scope openid", "Who somebody is was never asked for with this token."},
	{"audience", "A token is for one API. Otherwise an API could use it at another."},
	{"aud", "A token for one API must not open another."},
	{"each parameter once", "Two values of one parameter: two programs might each believe another one."},
	{"request size", "Nothing honest is that long."},
	{"flow belongs to this browser", "Otherwise an attacker’s sign-in could be finished by a victim, or the other way round."},
	{"browser session", "A session that lies idle ends, so that a forgotten browser is not somebody’s for ever."},
	{"account chosen by", "The choice has to come from the page that this very person was shown."},
	{"form sent by the person", "The form has to come from the page that this very person was shown."},
	{"decided once", "One answer counts. The same one again is a second click, and leads on; another one is not taken."},
	{"answer given again", "A second click wants what the first one got. Only the same session gets it, for a minute, with one code that can be used."},
	{"granted within", "Asked for by the app, ticked by the person, allowed by the role: a scope needs all three."},
	{"code issued", "The code is worth nothing by itself: it needs the app’s verifier, once, within a minute."},
	{"grant_type", "What is not served cannot be abused: no password grant, no implicit flow."},
	{"client may use", "Each app is registered for the ways in which it gets tokens."},
	{"client authentication", "An app with a secret has to prove that it is the one."},
	{"not too many wrong", "Guessing secrets has to be slow."},
	{"pushed request used once", "The app may begin with it once. Whoever comes later with the same reference is somebody else."},
	{"used once", "Used a second time, it was stolen: by whom cannot be told, so all that came of it ends."},
	{"is good", "A code or refresh token has to be unspent, unexpired and this app’s own."},
	{"not expired", "What was lost long ago should be worth nothing."},
	{"person is active", "Somebody who has left gets no more tokens."},
	{"tokens issued", "All of it was on disk before it was sent."},
	{"token revoked", "Dead from now on, and with it all that came of the same grant."},
	{"signature, kid and typ", "Anybody can write a token. Only this server can sign one, and only an access token opens an API."},
	{"iss", "A token of another server says nothing here."},
	{"exp", "An access token that was lost is worth something for minutes only."},
	{"iat and nbf", "A token from the future was not made by this clock."},
	{"not revoked", "A signature would outlive a sign-out: so the API asks whether the grant still stands."},
	{"access token valid", "Everything that the API knows of the caller stands in the token."},
	{"bearer token sent", "The API takes tokens in the Authorization header alone: addresses are logged."},
	{"one Authorization header", "Two of them: two programs might each believe another one."},
	{"token sent once", "In two places at once it is not clear which one counts."},
	{"scope", "The app asked for less, the person allowed less, or the role gives less."},
	{"entry is the caller", "One’s own hours alone. Somebody else’s are not even admitted to exist."},
	{"entry is somebody else", "Nobody approves their own hours."},
	{"the person reports", "A manager decides for the people who report to them."},
	{"entry is still pending", "What was decided stays decided."},
	{"If-Match sent", "Otherwise the later of two changes would silently undo the first."},
	{"entity tag", "It was changed since it was read."},
	{"caller may ask", "What a token says is told to the app it was issued to and to resource servers alone."},
	{"return address of an app", "Any page could register an app and have this server send people on to an address of its own."},
	{"caller is", "What a token says is told to resource servers alone."},
	{"origin is registered", "A browser lets an app on another origin read an answer only if this server allows that origin."},
	{"no person stands behind", "An import is for machines: a person’s token must not write in others’ names."},
	{"hint names this session", "Otherwise a page anywhere could sign somebody out."},
	{"a person's own navigation", "Otherwise a picture on any page could sign somebody out."},
	{"not ended early", "Somebody let it expire here, on this page."},
	{"request matches", "What is not understood is not guessed at."},
	{"body", "What is not understood is not guessed at, and nobody may send without end."},
	{"entry exists", "There is nothing by that name, or nothing that is any business of the caller’s."},
	{"a person stands behind", "Hours belong to a person, and a machine has none."},
	{"a day has 24 hours", "More than that was not worked."},
	{"cursor was made here", "A page that was made up, or taken from another list, would show the wrong hours."},
	{"Idempotency-Key", "A request that is sent again must not add the same hours twice."},
	{"every person of the batch", "An import for people who do not exist is a mistake."},
	{"every row of the batch", "All or nothing: half an import is worse than none."},
	{"no request_uri is pushed", "A reference must not point at another one."},
	{"pushed request not expired", "It is there to be begun at once. Lost a while ago, it should be worth nothing."},
	{"pushed request", "Only the app that handed it over may begin with it: the reference alone is not enough."},
	{"request was pushed", "This app is registered to hand its requests over itself, so one in the address bar isn’t from it."},
	{"registration is as it was", "What was allowed to the app a moment ago may have been taken away since."},
	{"acr_values", "How sure the app would like to be. It is told how sure this server is, and decides by itself."},
	{"account page of", "The form has to come from the page that this very person was shown."},
	{"signed out everywhere", "Whoever has lost a device, or their trust, gets everything back in one press."},
	{"app disconnected", "What was allowed can be taken back, and is dead at the next call."},
	{"password changed", "Whoever knew the old one is out: all other sessions and what came of them have ended."},
	{"nonce in place of PKCE", "An older client that checks a nonce notices a code that was slipped to it; another one would not."},
	{"no code_verifier without", "A verifier for a request that had no challenge: somebody has taken the challenge away on its way."},
	{"not too many registrations", "Whoever may register without asking could fill the file."},
	{"client registered", "From now on it can ask; nobody has looked at it, and the consent page says so."},
	{"registration from this machine", "A page of another site must not register an app here through somebody’s browser."},
	{"initial access token", "Beyond this machine, only who was given such a token may register an app."},
	{"metadata is a JSON object", "What is not understood is not guessed at."},
	{"room for another client", "Whoever may register without asking could fill the file."},
	{"registration access token", "Only the app itself may read and change what is known of it."},
	{"client deregistered", "An app that is gone has no tokens left behind."},
	{"client_assertion_type", "What is not understood is not guessed at."},
	{"client assertion readable", "What is not understood is not guessed at."},
	{"client assertion signed", "Only who has the private key can sign this: the server knows the public half, and nothing that could leak."},
	{"client assertion iss and sub", "A client speaks for itself alone."},
	{"client assertion short-lived", "What was seen on its way should be worth nothing soon."},
	{"client assertion jti", "Good once: who has seen it on its way cannot send it again."},
	{"client assertion", "The client signs what it says of itself, for this server alone."},
	{"client proves a key", "An app that is registered for bound tokens gets none that a thief could use."},
	{"dpop_jkt", "The code is bound to a key as well: whoever catches it has to have that key."},
	{"signed in recently", "What cannot be undone should not be done by whoever finds an open browser: the password was typed a moment ago."},
	{"poll not before", "A device that asks without end slows everybody down."},
	{"compared by the person", "The form has to come from the page that this very person was shown."},
	{"user code", "It has to be the one on the screen of a device that waits, and guessing has to be slow."},
	{"device", "Nothing is issued to a device before a person who sees what it is has allowed it."},
	{"request_uri", "A request that was handed over beforehand is good once, for its own client, and for a moment."},
	{"DPoP key is the token", "The token was made for one key: a thief has the token and not that key."},
	{"refresh token is bound", "This app has no secret, so its refresh token needs the key that it was issued for."},
	{"code is bound", "The app said beforehand which key it has: a code that was caught is worth nothing without it."},
	{"dpop_jkt", "The app says beforehand which key it will prove, so that even its code is tied to that."},
	{"client proves a key", "This app is registered to have its tokens bound, so a thief cannot just leave the proof out."},
	{"token is not bound", "A token that is bound to a key, sent as Bearer, is what a thief would try."},
	{"token is bound", "A proof proves nothing about a token that is not bound to its key."},
	{"id_token_hint", "It has to be an ID token of this server, for this app."},
}

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
		{"RP-Initiated Logout", "https://openid.net/specs/openid-connect-rpinitiated-1_0.html"},
		{"OWASP ASVS", "https://owasp.org/www-project-application-security-verification-standard/"},
	} {
		if strings.HasPrefix(clause, spec.name) {
			return spec.href
		}
	}
	return ""
}
