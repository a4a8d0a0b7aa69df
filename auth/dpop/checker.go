package dpop

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
)

// The errors of RFC 9449 5 and 8.
const (
	InvalidProof = "invalid_dpop_proof"
	UseNonce     = "use_dpop_nonce"
)

// window is how far iat may lie from now, on either side (RFC 9449 11.1: a
// relatively brief period). For as long a proof is remembered.
const window = time.Minute

// Config is what a Checker needs. All fields but Nonces are required.
type Config struct {
	Base   string // scheme and host under which clients know the server, without a trailing slash
	Writer Writer // to a file with the tables of Migrations
	Nonces bool   // demand a nonce in every proof
	Now    func() time.Time
	Log    *slog.Logger
}

// Checker checks the proofs that one server is sent. It is safe for concurrent
// use.
type Checker struct {
	Config
	ledger ledger.Ledger
	nonces nonces
}

// New makes a Checker with nonces of its own. It does not touch the file.
func New(c Config) *Checker {
	return &Checker{Config: c, ledger: ledger.New(c.Log), nonces: newNonces()}
}

// Demanding is the same Checker where a nonce is demanded in every proof.
func (c *Checker) Demanding() *Checker {
	strict := *c
	strict.Nonces = true
	return &strict
}

// Error says why a proof was refused.
type Error struct {
	Code   string // InvalidProof or UseNonce
	Reason string // safe to give to whoever sent the proof
	Nonce  string // with UseNonce: what the next proof has to carry. RFC 9449 8 and 9: it goes with the error as DPoP-Nonce
}

func (e *Error) Error() string { return e.Code + ": " + e.Reason }

// ProofRefused is for rooms that do not know this one.
func (e *Error) ProofRefused() (code, reason string) { return e.Code, e.Reason }

// FreshNonce is Nonce for whoever does not know this type.
func (e *Error) FreshNonce() string { return e.Nonce }

func invalid(reason string) error { return &Error{Code: InvalidProof, Reason: reason} }

// Algorithms are those that a proof may be signed with.
func Algorithms() []string { return slices.Clone(algorithms) }

// Algorithms is the same, for rooms that have a Checker and do not know this one.
func (c *Checker) Algorithms() []string { return Algorithms() }

// Nonce is what the next proof has to carry, "" where none is demanded.
func (c *Checker) Nonce() string {
	if !c.Nonces {
		return ""
	}
	return c.nonces.at(c.Now())
}

// Check checks the one proof in the request, uses it up, and returns the
// thumbprint of its key (RFC 7638). token is the access token beside which the
// proof was sent, "" for none. Errors: *Error, or the Writer's.
func (c *Checker) Check(ctx context.Context, r *http.Request, token string) (jkt string, err error) {
	p, err := c.read(ctx, r)
	if err != nil {
		return "", err
	}
	if err := c.genuine(ctx, p); err != nil {
		return "", err
	}
	if err := c.meant(ctx, r, p); err != nil {
		return "", err
	}
	if err := c.fresh(ctx, p); err != nil {
		return "", err
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		want := base64.RawURLEncoding.EncodeToString(sum[:])
		// RFC 9449 7: a proof made beside one token must not serve another one.
		if !c.ledger.Check(ctx, rules.TokenHash, p.claims.Hash == want, "the hash of the access token", orNone(p.claims.Hash, "another hash")) {
			return "", invalid("its ath is not the hash of the access token")
		}
	}
	if err := c.use(ctx, p); err != nil {
		return "", err
	}
	return p.key.thumbprint, nil
}

// read takes the proof from its header.
func (c *Checker) read(ctx context.Context, r *http.Request) (*proof, error) {
	sent := r.Header.Values("DPoP")
	// RFC 9449 4.3 (1): two readers of one request could each take another of them.
	if !c.ledger.Check(ctx, rules.One, len(sent) == 1, "1", fmt.Sprint(len(sent))) {
		return nil, invalid(fmt.Sprintf("send one DPoP header, not %d", len(sent)))
	}
	p, err := parse(sent[0])
	// RFC 9449 4.3 (2): the value is a single and well-formed JWT.
	if !c.ledger.Check(ctx, rules.WellFormed, err == nil, "a signed JWT in its compact form", got(err, "one")) {
		return nil, invalid("it cannot be read: " + err.Error())
	}
	missing := p.claims.missing()
	// RFC 9449 4.3 (3): without one of these the others say nothing.
	if !c.ledger.Check(ctx, rules.Complete, missing == "", "jti, htm, htu and iat", orNone(missing, "no "+missing)) {
		return nil, invalid("it has no " + missing)
	}
	return p, nil
}

// genuine finds out whether the sender has the key.
func (c *Checker) genuine(ctx context.Context, p *proof) error {
	// RFC 9449 4.3 (4): or any JWT that the key has signed would pass for a proof (RFC 8725 3.11).
	if !c.ledger.Check(ctx, rules.Type, p.Header.Typ == "dpop+jwt", "dpop+jwt", p.Header.Typ) {
		return invalid("its typ is not dpop+jwt")
	}
	// RFC 9449 4.3 (5): "none" is signed by nobody, and an HMAC by everybody who can check it.
	if !c.ledger.Check(ctx, rules.Algorithm, slices.Contains(algorithms, p.Header.Alg), strings.Join(algorithms, " "), p.Header.Alg) {
		return invalid("its alg is not one of " + strings.Join(algorithms, ", "))
	}
	private := privateMembers(p.Header.JWK)
	// RFC 9449 4.3 (7): a private key that was sent is no secret any more.
	if !c.ledger.Check(ctx, rules.KeyPublic, private == "", "public members only", orNone(private, "with "+private)) {
		return invalid("its jwk holds a private key, which everybody on the way has seen; make another one")
	}
	var err error
	p.key, err = parseKey(p.Header.JWK, p.Header.Alg)
	if !c.ledger.Check(ctx, rules.KeyFits, err == nil, "a public key for "+p.Header.Alg, got(err, "one")) {
		return invalid("its jwk is no good: " + err.Error())
	}
	// RFC 9449 4.3 (6): whoever has no private key has nothing but a copy of somebody's public one.
	if !c.ledger.Check(ctx, rules.Signature, p.key.verifies(p.Header.Alg, p.Signed, p.Signature), "by the key in jwk", "key "+p.key.thumbprint[:8]) {
		return invalid("its signature does not fit the key in its jwk")
	}
	return nil
}

// meant finds out whether the proof was made for this request.
func (c *Checker) meant(ctx context.Context, r *http.Request, p *proof) error {
	// RFC 9449 4.3 (8): a proof made for reading must not delete.
	if !c.ledger.Check(ctx, rules.Method, p.claims.Method == r.Method, r.Method, p.claims.Method) {
		return invalid("its htm is not the method of this request")
	}
	sent, urls := normal(p.claims.URL), c.targets(r)
	// RFC 9449 4.3 (9): a proof made for one server, or one path, must not serve another.
	if !c.ledger.Check(ctx, rules.URL, sent != "" && slices.Contains(urls, sent), strings.Join(urls, " or "), sent) {
		return invalid("its htu is not the URL of this request, which is " + urls[0])
	}
	return nil
}

// fresh finds out whether the proof was made just now.
func (c *Checker) fresh(ctx context.Context, p *proof) error {
	now := c.Now()
	// RFC 9449 4.3 (10), 11.2: proofs can be made in advance, by somebody who has the key for a moment. A nonce cannot.
	if needed := c.Nonces || p.claims.Nonce != ""; needed {
		ok := c.nonces.good(p.claims.Nonce, now)
		if !c.ledger.Check(ctx, rules.Nonce, ok, "a nonce of this server, at most "+nonceLifetime.String()+" old", orNone(p.claims.Nonce, "a nonce")) {
			// Also where none is demanded: a client that remembers an old one would repeat it for ever.
			return &Error{UseNonce, "put the nonce of the DPoP-Nonce header into the proof", c.nonces.at(now)}
		}
	}
	made := *p.claims.IssuedAt
	// RFC 9449 4.3 (11), 11.1: a proof is remembered for as long as it is accepted, and neither goes on for ever.
	ok := math.Abs(float64(now.UnixMilli())/1000-made) <= window.Seconds()
	if !c.ledger.Check(ctx, rules.IssuedAt, ok, "within "+window.String()+" of "+now.UTC().Format(time.RFC3339), fmt.Sprintf("%.0f", made)) {
		return invalid("its iat is not within " + window.String() + " of this server's time")
	}
	return nil
}

func got(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}

func orNone(value, otherwise string) string {
	if value == "" {
		return "none"
	}
	return otherwise
}
