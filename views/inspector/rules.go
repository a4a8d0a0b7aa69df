package inspector

// The few rules that a drawing knows by their ID; every other one is shown as
// its record says. A test proves that the rule book has them.
const (
	verifierRule = "code-verifier"         // drawn as a step of its own
	grantedRule  = "scopes-granted-within" // says how much was ticked
	signedRule   = "access-token-signed"   // says whether a signature was checked
)

// exactRules compare two addresses, so it helps to say where they differ.
var exactRules = []string{"redirect-uri-exact", "token-redirect-uri-exact", "post-logout-redirect-uri-exact"}
