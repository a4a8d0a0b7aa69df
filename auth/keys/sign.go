package keys

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v3"
)

var errNoObject = errors.New("claims are not a JSON object")

// signer is prepared once: it has the key and the encoded header members.
func (k *key) signer(typ string) (jose.Signer, error) {
	return jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.alg), Key: jose.JSONWebKey{Key: k.private, KeyID: k.kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
}

// Sign returns claims as a compact JWS whose header is alg, kid and typ. alg
// is ES256 or RS256, typ TypeAccessToken or TypeJWT; claims is anything that
// marshals to a JSON object, or its bytes. Errors: ErrAlgorithm, ErrType, or
// claims that are no object.
func (r *Ring) Sign(alg, typ string, claims any) (string, error) {
	if typ != TypeAccessToken && typ != TypeJWT {
		return "", fmt.Errorf("sign: %w: %q", ErrType, typ)
	}
	keys := r.keys.Load()
	k := signing(keys.stored, alg)
	if k == nil {
		return "", fmt.Errorf("sign: %w: %q", ErrAlgorithm, alg)
	}
	payload, ok := claims.([]byte)
	if !ok {
		var err error
		if payload, err = json.Marshal(claims); err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
	}
	// RFC 7519 3: a JWT's claims are one JSON object.
	if len(payload) == 0 || payload[0] != '{' || !json.Valid(payload) {
		return "", fmt.Errorf("sign: %w", errNoObject)
	}
	signed, err := keys.signers[use{k.kid, typ}].Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}
