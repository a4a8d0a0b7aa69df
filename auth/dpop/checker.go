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

// window is how far iat may differ from the present time, in either direction
// (RFC 9449 11.1: a relatively brief period). A proof is remembered for the
// same time.
const window = time.Minute

// Config is what a Checker needs. All fields but Nonces are required.
type Config struct {
	Base   string // scheme and host that clients use for the server, without a trailing slash
	Writer Writer // to a file with the tables of Migrations
	Nonces bool   // demand a nonce in every proof
	Now    func() time.Time
	Log    *slog.Logger
}

// Checker checks the proofs that are sent to one server. It is safe for
// concurrent use.
type Checker struct {
	Config
	ledger ledger.Ledger
	nonces nonces
}

// New makes a Checker with nonces of its own. It does not touch the file.
func New(c Config) *Checker {
	return &Checker{Config: c, ledger: ledger.New(c.Log), nonces: newNonces()}
}

// Demanding returns the same Checker, but one that demands a nonce in every
// proof.
func (c *Checker) Demanding() *Checker {
	strict := *c
	strict.Nonces = true
	return &strict
}

// Error says why a proof was refused.
type Error struct {
	Code   string // InvalidProof or UseNonce
	Reason string // safe to show to the client that sent the proof
	Nonce  string // with UseNonce: the nonce that the next proof must contain. RFC 9449 8 and 9: it is sent with the error as DPoP-Nonce
}

func (e *Error) Error() string { return e.Code + ": " + e.Reason }

// ProofRefused lets rooms that do not import this one recognise the error.
func (e *Error) ProofRefused() (code, reason string) { return e.Code, e.Reason }

// FreshNonce returns Nonce to rooms that do not import this type.
func (e *Error) FreshNonce() string { return e.Nonce }

func invalid(reason string) error { return &Error{Code: InvalidProof, Reason: reason} }

// Algorithms lists the algorithms that may sign a proof.
func Algorithms() []string { return slices.Clone(algorithms) }

// Algorithms returns the same list to rooms that have a Checker but do not
// import this package.
func (c *Checker) Algorithms() []string { return Algorithms() }

// Nonce is the nonce that the next proof must contain, or "" if none is
// demanded.
func (c *Checker) Nonce() string {
	if !c.Nonces {
		return ""
	}
	return c.nonces.at(c.Now())
}

// Check checks the one proof in the request, marks it as used, and returns the
// thumbprint of its key (RFC 7638). token is the access token that came with
// the proof, or "". Errors: *Error, or the Writer's.
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
		// RFC 9449 7: a proof made for one token must not be used with another
		// one.
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
	// RFC 9449 4.3 (1): with two proofs, two readers of the request could each
	// check a different one.
	if !c.ledger.Check(ctx, rules.One, len(sent) == 1, "1", fmt.Sprint(len(sent))) {
		return nil, invalid(fmt.Sprintf("send one DPoP header, not %d", len(sent)))
	}
	p, err := parse(sent[0])
	// RFC 9449 4.3 (2): the value is a single and well-formed JWT.
	if !c.ledger.Check(ctx, rules.WellFormed, err == nil, "a signed JWT in its compact form", got(err, "one")) {
		return nil, invalid("it cannot be read: " + err.Error())
	}
	missing := p.claims.missing()
	// RFC 9449 4.3 (3): the other checks need all of these claims.
	if !c.ledger.Check(ctx, rules.Complete, missing == "", "jti, htm, htu and iat", orNone(missing, "no "+missing)) {
		return nil, invalid("it has no " + missing)
	}
	return p, nil
}

// genuine checks that the sender has the private key.
func (c *Checker) genuine(ctx context.Context, p *proof) error {
	// RFC 9449 4.3 (4): otherwise any JWT that the key has signed would pass
	// for a proof (RFC 8725 3.11).
	if !c.ledger.Check(ctx, rules.Type, p.Header.Typ == "dpop+jwt", "dpop+jwt", p.Header.Typ) {
		return invalid("its typ is not dpop+jwt")
	}
	// RFC 9449 4.3 (5): "none" has no signature, and anyone who can check an
	// HMAC can also make one.
	if !c.ledger.Check(ctx, rules.Algorithm, slices.Contains(algorithms, p.Header.Alg), strings.Join(algorithms, " "), p.Header.Alg) {
		return invalid("its alg is not one of " + strings.Join(algorithms, ", "))
	}
	private := privateMembers(p.Header.JWK)
	// RFC 9449 4.3 (7): a private key that was sent is no longer secret.
	if !c.ledger.Check(ctx, rules.KeyPublic, private == "", "public members only", orNone(private, "with "+private)) {
		return invalid("its jwk holds a private key, which everybody on the way has seen; make another one")
	}
	var err error
	p.key, err = parseKey(p.Header.JWK, p.Header.Alg)
	if !c.ledger.Check(ctx, rules.KeyFits, err == nil, "a public key for "+p.Header.Alg, got(err, "one")) {
		return invalid("its jwk is no good: " + err.Error())
	}
	// RFC 9449 4.3 (6): a client without the private key has only a copy of
	// someone's public key.
	if !c.ledger.Check(ctx, rules.Signature, p.key.verifies(p.Header.Alg, p.Signed, p.Signature), "by the key in jwk", "key "+p.key.thumbprint[:8]) {
		return invalid("its signature does not fit the key in its jwk")
	}
	return nil
}

// meant checks that the proof was made for this request.
func (c *Checker) meant(ctx context.Context, r *http.Request, p *proof) error {
	// RFC 9449 4.3 (8): a proof made for a read must not allow a delete.
	if !c.ledger.Check(ctx, rules.Method, p.claims.Method == r.Method, r.Method, p.claims.Method) {
		return invalid("its htm is not the method of this request")
	}
	sent, urls := normal(p.claims.URL), c.targets(r)
	// RFC 9449 4.3 (9): a proof made for one server or path must not be used
	// at another.
	if !c.ledger.Check(ctx, rules.URL, sent != "" && slices.Contains(urls, sent), strings.Join(urls, " or "), sent) {
		return invalid("its htu is not the URL of this request, which is " + urls[0])
	}
	return nil
}

// fresh checks that the proof was made just now.
func (c *Checker) fresh(ctx context.Context, p *proof) error {
	now := c.Now()
	// RFC 9449 4.3 (10), 11.2: an attacker who can use the key for a moment
	// can prepare proofs for later. The nonce prevents that, because nobody
	// can know it in advance.
	if needed := c.Nonces || p.claims.Nonce != ""; needed {
		ok := c.nonces.good(p.claims.Nonce, now)
		if !c.ledger.Check(ctx, rules.Nonce, ok, "a nonce of this server, at most "+nonceLifetime.String()+" old", orNone(p.claims.Nonce, "a nonce")) {
			// This also applies if no nonce is demanded: a client that
			// remembers an old nonce would repeat it for ever.
			return &Error{UseNonce, "put the nonce of the DPoP-Nonce header into the proof", c.nonces.at(now)}
		}
	}
	made := *p.claims.IssuedAt
	// RFC 9449 4.3 (11), 11.1: a proof is remembered for as long as it is
	// accepted, and both periods end.
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
