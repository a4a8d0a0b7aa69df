package dpop

import "github.com/exampleco/punchcard/auth/ledger"

// rules lists what a proof must satisfy, in the order of the checks.
var rules = struct {
	One, WellFormed, Complete     ledger.Rule
	Type, Algorithm               ledger.Rule
	KeyPublic, KeyFits, Signature ledger.Rule
	Method, URL                   ledger.Rule
	Nonce, IssuedAt               ledger.Rule
	TokenHash, Once               ledger.Rule
}{
	One: ledger.Rule{
		ID: "dpop-one-proof", Must: "The request has exactly one DPoP header.", Clause: "RFC 9449 4.3",
		Why: "Two programs that read the same request could each believe another of two proofs.",
	},
	WellFormed: ledger.Rule{
		ID: "dpop-proof-well-formed", Must: "The proof is one well-formed, signed JWT.", Clause: "RFC 9449 4.3",
		Why: "What can be read in two ways can be made to pass here and to mean something else elsewhere.",
	},
	Complete: ledger.Rule{
		ID: "dpop-proof-complete", Must: "The proof has jti, htm, htu and iat.", Clause: "RFC 9449 4.2",
		Why: "A proof that leaves one of them out could be used at another address, in another way, or again.",
	},
	Type: ledger.Rule{
		ID: "dpop-typ", Must: "The typ of the proof is dpop+jwt.", Clause: "RFC 9449 4.3",
		Why: "Otherwise any JWT that the same key has signed for something else would pass as a proof.",
	},
	Algorithm: ledger.Rule{
		ID: "dpop-alg", Must: "The proof is signed with an asymmetric algorithm that this server supports.", Clause: "RFC 9449 4.3",
		Why: "With “none”, or with a shared secret, anybody could write a proof.",
	},
	KeyPublic: ledger.Rule{
		ID: "dpop-key-public", Must: "The jwk of the proof holds only the public key.", Clause: "RFC 9449 4.3",
		Why: "A private key that was sent along is no secret any more.",
	},
	KeyFits: ledger.Rule{
		ID: "dpop-key-fits-alg", Must: "The jwk of the proof is a public key for its alg.", Clause: "RFC 9449 4.2",
		Why: "A key of another kind, or a weak one, proves nothing.",
	},
	Signature: ledger.Rule{
		ID: "dpop-signature", Must: "The key in the jwk has signed the proof.", Clause: "RFC 9449 4.3",
		Why: "Anybody can copy a public key. Only the holder of the private key can sign with it.",
	},
	Method: ledger.Rule{
		ID: "dpop-htm", Must: "The htm of the proof is the method of this request.", Clause: "RFC 9449 4.3",
		Why: "A proof that was made for reading could be used to delete.",
	},
	URL: ledger.Rule{
		ID: "dpop-htu", Must: "The htu of the proof is the URL of this request.", Clause: "RFC 9449 4.3",
		Why: "A server that receives a proof could use it at another server.",
	},
	Nonce: ledger.Rule{
		ID: "dpop-nonce", Must: "The nonce of the proof was issued by this server a moment ago.", Clause: "RFC 9449 4.3",
		Why: "Somebody who has the key for a moment could make proofs in advance.",
	},
	IssuedAt: ledger.Rule{
		ID: "dpop-iat", Must: "The proof was made within a minute of now.", Clause: "RFC 9449 4.3",
		Why: "A proof that was seen on its way would be good for ever.",
	},
	TokenHash: ledger.Rule{
		ID: "dpop-ath", Must: "The ath of the proof is the hash of the access token beside it.", Clause: "RFC 9449 4.3",
		Why: "A proof that was made for one token could be used with another token of the same app.",
	},
	Once: ledger.Rule{
		ID: "dpop-jti-once", Must: "The key has not used this jti before.", Clause: "RFC 9449 11.1",
		Why: "Somebody who has seen the proof on its way could send it again.",
	},
}

// Rules lists the rules of this room.
func Rules() []ledger.Rule { return ledger.Rules(rules) }
