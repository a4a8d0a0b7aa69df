package site

import "github.com/exampleco/punchcard/views"

// bound shows DPoP, RFC 9449. curl signs nothing, so openssl does: with RSA,
// whose signatures it writes as a JWT has them.
func (p *pages) bound(basic string) []views.StartCommand {
	token, me := quoted(p.base+"/oauth/token"), quoted(p.base+"/api/me")
	return []views.StartCommand{{
		Title: "A key, and proofs of it", Text: "DPoP binds tokens to a key that never leaves the client. A proof is a small JWT for one request; this makes the key, and a function that signs.",
		Shell: makeProof,
	}, {
		Title: "A token that only this key can use", Text: "The proof goes along; at the API it also holds the hash of the token. Sent as Bearer, the same token opens nothing: 401.",
		Shell: "ANSWER=$(curl -s -u " + quoted(basic) + " -H \"DPoP: $(proof POST " + token + ")\" -d grant_type=client_credentials " + token + ")\nprintf '%s\\n' \"$ANSWER\"\n" +
			takeToken + "\ncurl -s -H \"Authorization: DPoP $TOKEN\" -H \"DPoP: $(proof GET " + me + " \"$TOKEN\")\" " + me,
	}}
}

// makeProof is RFC 9449 4.2. The modulus is cut out of the public key, which
// ends with it and the exponent: 256 and 5 bytes.
const makeProof = `KEY=$(mktemp) && openssl genrsa -out "$KEY" 2048 2>/dev/null
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
N=$(openssl rsa -in "$KEY" -pubout -outform DER 2>/dev/null | tail -c 261 | head -c 256 | b64)
proof() { # method, URL, and the token if there is one
  ATH=${3:+',"ath":"'$(printf %s "$3" | openssl dgst -sha256 -binary | b64)'"'}
  MADE=$(printf '{"typ":"dpop+jwt","alg":"RS256","jwk":{"kty":"RSA","e":"AQAB","n":"%s"}}' "$N" | b64).$(
    printf '{"htm":"%s","htu":"%s","iat":%s,"jti":"%s"%s}' "$1" "$2" "$(date +%s)" "$(openssl rand -hex 16)" "$ATH" | b64)
  printf '%s.%s' "$MADE" "$(printf %s "$MADE" | openssl dgst -sha256 -sign "$KEY" | b64)"
}`
