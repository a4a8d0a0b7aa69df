package issuer

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v3"
	// The one JSON parser at hand that refuses a member given twice, so that no
	// other reader of the same token sees other claims.
	"github.com/go-jose/go-jose/v3/json"

	"github.com/exampleco/punchcard/timesheets"
)

// algorithms are the signatures that are accepted, RFC 8725 3.1 and 3.2: with
// public keys alone, so that no published key can serve as a shared secret.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA}

// maxToken caps what is parsed, in bytes.
const maxToken = 16 << 10

// JWKS reads JWT access tokens (RFC 9068) by the public keys of their issuer.
// It learns of a revocation, or of a scope that was taken away, only by the
// token's expiry.
type JWKS struct {
	*remote
	keys *kept[keySet]
}

// NewJWKS asks nothing yet: the issuer may start later. Run Follow beside it,
// so that a key that the issuer takes away is gone even where few calls come.
func NewJWKS(c Config) *JWKS {
	r := newRemote(c)
	return &JWKS{r, keep("keys", keysAge, keysStale, r.Log, r.readKeys)}
}

// Follow keeps the keys up to date until ctx ends.
func (j *JWKS) Follow(ctx context.Context) { j.keys.follow(ctx) }

// Verify implements timesheets.Verifier.
func (j *JWKS) Verify(ctx context.Context, token string) (timesheets.Caller, error) {
	payload, err := j.payload(ctx, token)
	if err != nil {
		return timesheets.Caller{}, err
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return timesheets.Caller{}, timesheets.InvalidToken("its claims cannot be read")
	}
	return j.caller(ctx, c)
}

// payload returns what a key of the issuer has signed as an access token.
func (j *JWKS) payload(ctx context.Context, token string) ([]byte, error) {
	signed, header, err := parse(token)
	if !j.check(ctx, rules.Form, err == nil, "compact JWS", timesheets.Fingerprint(token)) {
		return nil, timesheets.InvalidToken("it is not a signed JWT")
	}
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	if !j.check(ctx, rules.Type, strings.EqualFold(typ, "at+jwt") || strings.EqualFold(typ, "application/at+jwt"), "at+jwt", typ) {
		return nil, timesheets.InvalidToken("it is no access token")
	}
	if !j.check(ctx, rules.Algorithm, slices.Contains(algorithms, jose.SignatureAlgorithm(header.Algorithm)), "a signature by a public key", header.Algorithm) {
		return nil, timesheets.InvalidToken("its signature algorithm is not accepted")
	}
	// A key that is not known makes the set be read again, so that a rotation is
	// followed at the first token by the new key.
	keys, err := j.keys.get(ctx, func(known keySet) bool { return len(known.matching(header.KeyID, header.Algorithm)) > 0 })
	if err != nil {
		return nil, err
	}
	candidates := keys.matching(header.KeyID, header.Algorithm)
	if !j.check(ctx, rules.Known, len(candidates) > 0, "a kid that the issuer publishes", header.KeyID) {
		return nil, timesheets.InvalidToken("it is signed by an unknown key")
	}
	for _, key := range candidates {
		if payload, err := signed.Verify(key); err == nil {
			j.check(ctx, rules.Signature, true, key.KeyID, header.KeyID)
			return payload, nil
		}
	}
	j.check(ctx, rules.Signature, false, "signed by the key it names", timesheets.Fingerprint(token))
	return nil, timesheets.InvalidToken("its signature is wrong")
}

var errForm = errors.New("not a compact JWS")

// parse takes the compact form with its three parts alone, each in the one
// spelling that base64url has for it, and no extension that it does not
// understand (RFC 7515 4.1.11: crit).
func parse(token string) (*jose.JSONWebSignature, jose.Header, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return nil, jose.Header{}, errForm
	}
	for part := range strings.SplitSeq(token, ".") {
		// RFC 7515 2: with spare bits or padding one token would have many spellings.
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || part == "" {
			return nil, jose.Header{}, errForm
		}
	}
	signed, err := jose.ParseSigned(token)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, jose.Header{}, errForm
	}
	header := signed.Signatures[0].Protected
	if _, critical := header.ExtraHeaders["crit"]; critical {
		return nil, jose.Header{}, errForm
	}
	return signed, header, nil
}
