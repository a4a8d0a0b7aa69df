package attack

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// takeApart splits a JWT into its three parts and reads the claims. No key is
// needed for that: a signature protects a token from being changed, not from
// being read.
func takeApart(token string) (header string, claims map[string]any, signature string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", nil, "", errors.New("the token that the server gave out is no JWT, so there is nothing to edit")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return "", nil, "", errors.New("the payload of the token that the server gave out cannot be read")
	}
	return parts[0], claims, parts[2], nil
}

// encode makes a part of a JWT.
func encode(part map[string]any) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err) // never: it was JSON before, or is written down in an attack
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
