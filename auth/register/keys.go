package register

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/assertion"
	"github.com/exampleco/punchcard/auth/ledger"
)

// secretive says whether the client proves itself by a secret.
func (m *clientMetadata) secretive() bool { return strings.HasPrefix(m.AuthMethod, "client_secret_") }

// signing is about the keys of a client that signs what it says of itself.
// They come with the registration, never from an address in it.
func (c *registrant) signing() {
	m := c.meta
	if m.AuthMethod != methodKey {
		m.JWKS, m.SigningAlg = nil, "" // no use for them
		return
	}
	c.must(rules.KeysSent, len(m.JWKS) > 0 && string(m.JWKS) != "null", "public keys", "none", methodKey+" needs the client's public keys: jwks is missing.")
	_, err := assertion.ParseKeys(m.JWKS)
	c.must(rules.KeysValid, err == nil, "keys of "+strings.Join(assertion.Algorithms, " "), ledger.Fingerprint("jwks", string(m.JWKS)), "jwks cannot be taken: "+reason(err)+".")
	if c.err != nil {
		return
	}
	algs := assertion.Algorithms
	c.must(rules.AssertionAlgServed, m.SigningAlg == "" || slices.Contains(algs, m.SigningAlg), strings.Join(algs, " "), m.SigningAlg, "token_endpoint_auth_signing_alg must be "+strings.Join(algs, ", ")+".")
	_, err = assertion.ParseKeys([]byte(m.keys()))
	c.must(rules.AssertionAlgOfKeys, err == nil, "keys of "+m.SigningAlg, ledger.Fingerprint("jwks", string(m.JWKS)), "token_endpoint_auth_signing_alg is not that of the keys: "+reason(err)+".")
}

// reason words what assertion.ParseKeys says.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// keys are those that assertions are held against, "" for none. OIDC
// Registration 2: where the client names an algorithm, any other MUST be
// refused, so each key is tied to it.
func (m *clientMetadata) keys() string {
	if m.AuthMethod != methodKey {
		return ""
	}
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if m.SigningAlg == "" || json.Unmarshal(m.JWKS, &set) != nil {
		return string(m.JWKS)
	}
	for _, key := range set.Keys {
		if alg, named := key["alg"].(string); !named || alg == "" {
			key["alg"] = m.SigningAlg
		} else if alg != m.SigningAlg {
			key["alg"] = alg + " and " + m.SigningAlg // which no key is good for
		}
	}
	tied, _ := json.Marshal(set) // it was JSON
	return string(tied)
}
