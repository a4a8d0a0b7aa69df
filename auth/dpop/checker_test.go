package dpop

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestEachAlgorithm(t *testing.T) {
	w := newWorld(t)
	for _, alg := range []string{"ES256", "PS256", "RS256", "EdDSA"} {
		d := newDevice(t, alg)
		w.good(alg, d, d.proof(t, d.claims(w.time)))
	}
	d := newDevice(t, "EdDSA")
	good := d.proof(t, d.claims(w.time))
	w.refused("Ed25519's name on EdDSA's signature", request(edited(t, good, func(h, _ map[string]any) { h["alg"] = "Ed25519" })), "", InvalidProof, rules.Signature)
}

// edited changes header and claims of a proof and leaves its signature.
func edited(t *testing.T, proof string, edit func(header, claims map[string]any)) string {
	t.Helper()
	parts := strings.Split(proof, ".")
	var objects [2]map[string]any
	for i := range objects {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &objects[i]); err != nil {
			t.Fatal(err)
		}
	}
	edit(objects[0], objects[1])
	for i := range objects {
		raw, err := json.Marshal(objects[i])
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(raw)
	}
	return strings.Join(parts, ".")
}

// RFC 9449 4.3, check by check.
func TestChecks(t *testing.T) {
	w := newWorld(t)
	d := newDevice(t, "ES256")
	with := func(change map[string]any) string {
		c := d.claims(w.time)
		maps.Copy(c, change)
		return d.proof(t, c)
	}
	without := func(claim string) string {
		c := d.claims(w.time)
		delete(c, claim)
		return d.proof(t, c)
	}
	header := func(edit func(h map[string]any)) string {
		return edited(t, with(nil), func(h, _ map[string]any) { edit(h) })
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"dpop+jwt","alg":"none"}`))
	twice := base64.RawURLEncoding.EncodeToString([]byte(`{"jti":"a","jti":"b","htm":"POST","htu":"` + base + path + `","iat":1764061200}`))
	good := strings.Split(with(nil), ".")
	other := newDevice(t, "ES384")
	for _, c := range []struct {
		what, proof string
		rule        ledger.Rule
	}{
		{"empty", "", rules.WellFormed},
		{"two parts", good[0] + "." + good[1], rules.WellFormed},
		{"two in one header", with(nil) + "," + with(nil), rules.WellFormed},
		{"padded", good[0] + "." + good[1] + "." + good[2] + "=", rules.WellFormed},
		{"a line break", good[0] + ".\n" + good[1] + "." + good[2], rules.WellFormed},
		{"too long", with(map[string]any{"x": strings.Repeat("x", limits.Token)}), rules.WellFormed},
		{"a claim given twice", good[0] + "." + twice + "." + good[2], rules.WellFormed},
		{"iat as text", with(map[string]any{"iat": "1764061200"}), rules.WellFormed},
		{"critical", header(func(h map[string]any) { h["crit"] = []string{"b64"} }), rules.WellFormed},
		{"no jti", without("jti"), rules.Complete},
		{"empty jti", with(map[string]any{"jti": ""}), rules.Complete},
		{"no htm", without("htm"), rules.Complete},
		{"no htu", without("htu"), rules.Complete},
		{"no iat", without("iat"), rules.Complete},
		{"typ JWT", d.sign(t, d.claims(w.time), "JWT", d.jwk()), rules.Type},
		{"alg none", none + "." + good[1] + ".", rules.Algorithm},
		{"alg HS256", header(func(h map[string]any) { h["alg"] = "HS256" }), rules.Algorithm},
		{"alg ES384", other.proof(t, other.claims(w.time)), rules.Algorithm},
		{"private key", d.sign(t, d.claims(w.time), "dpop+jwt", jose.JSONWebKey{Key: d.private}), rules.KeyPublic},
		{"symmetric key", header(func(h map[string]any) { h["jwk"] = map[string]any{"kty": "oct", "k": "c2VjcmV0"} }), rules.KeyPublic},
		{"no key", header(func(h map[string]any) { delete(h, "jwk") }), rules.KeyFits},
		{"key of another kind", header(func(h map[string]any) { h["alg"] = "PS256" }), rules.KeyFits},
		{"weak key", header(func(h map[string]any) { // RFC 7518 3.5: 2048 bits at least
			h["alg"], h["jwk"] = "PS256", map[string]any{"kty": "RSA", "e": "AQAB", "n": strings.Repeat("_", 1024/6) + "w"}
		}), rules.KeyFits},
		{"key off the curve", header(func(h map[string]any) { k := h["jwk"].(map[string]any); k["x"] = k["y"] }), rules.KeyFits},
		{"another's key", header(func(h map[string]any) { h["jwk"] = newDevice(t, "ES256").jwk() }), rules.Signature},
		{"changed", edited(t, with(nil), func(_, c map[string]any) { c["jti"] = "mine" }), rules.Signature},
		{"signature in DER's length", good[0] + "." + good[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 70)), rules.Signature},
		{"htm GET", with(map[string]any{"htm": "GET"}), rules.Method},
		{"htm in lower case", with(map[string]any{"htm": "post"}), rules.Method},
		{"another path", with(map[string]any{"htu": base + "/api/me"}), rules.URL},
		{"another host", with(map[string]any{"htu": "https://evil.example" + path}), rules.URL},
		{"by http", with(map[string]any{"htu": "http://as.example" + path}), rules.URL},
		{"too old", with(map[string]any{"iat": w.time.Add(-window - time.Second).Unix()}), rules.IssuedAt},
		{"not yet", with(map[string]any{"iat": w.time.Add(window + time.Second).Unix()}), rules.IssuedAt},
		{"beyond all time", with(map[string]any{"iat": 1e300}), rules.IssuedAt},
	} {
		w.refused(c.what, request(c.proof), "", InvalidProof, c.rule)
	}
	w.refused("none", request(), "", InvalidProof, rules.One)
	w.refused("two", request(with(nil), with(nil)), "", InvalidProof, rules.One)
	for what, change := range map[string]map[string]any{
		"as it should be": {}, "a minute old": {"iat": w.time.Add(-window).Unix()}, "a minute early": {"iat": w.time.Add(window).Unix()},
		"half a second": {"iat": float64(w.time.Unix()) - 0.5}, "query and fragment": {"htu": base + path + "?x=1#y"},
		"more claims": {"exp": 1, "sub": "somebody"},
	} {
		w.good(what, d, with(change))
	}
}

// RFC 9449 7: beside an access token the proof holds its hash.
func TestBesideAToken(t *testing.T) {
	w := newWorld(t)
	d := newDevice(t, "ES256")
	c := d.claims(w.time)
	w.refused("no ath", request(d.proof(t, c)), "the-token", InvalidProof, rules.TokenHash)
	c["ath"] = hashOf("another-token")
	w.refused("another's", request(d.proof(t, c)), "the-token", InvalidProof, rules.TokenHash)
	c["ath"] = hashOf("the-token")
	if jkt, err := w.Check(t.Context(), request(d.proof(t, c)), "the-token"); err != nil || jkt != d.jkt(t) {
		t.Errorf("its own: %q %v", jkt, err)
	}
}

// RFC 9449 11.1: once, whatever the URL, as long as it would be accepted; then
// the row goes.
func TestUsedOnce(t *testing.T) {
	w := newWorld(t)
	d, other := newDevice(t, "ES256"), newDevice(t, "ES256")
	c := d.claims(w.time)
	proof := d.proof(t, c)
	w.good("first", d, proof)
	w.refused("the same", request(proof), "", InvalidProof, rules.Once)
	w.refused("the same jti, signed again", request(d.proof(t, c)), "", InvalidProof, rules.Once)
	w.good("another key, which may choose the same jti", other, other.proof(t, c))

	w.time = w.time.Add(window)
	w.refused("in the last moment", request(proof), "", InvalidProof, rules.Once)
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.refused("after a purge", request(proof), "", InvalidProof, rules.Once)
	w.time = w.time.Add(time.Second)
	w.refused("later", request(proof), "", InvalidProof, rules.IssuedAt)
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.rows(0)
	c["iat"] = w.time.Unix()
	w.good("the jti again, in another proof", d, d.proof(t, c))
	w.rows(1)
	if err := w.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.rows(0)
}

// The table does not grow beyond what is remembered.
func TestOldProofsLeave(t *testing.T) {
	w := newWorld(t)
	d := newDevice(t, "ES256")
	for range 4 {
		w.good("before", d, d.proof(t, d.claims(w.time)))
	}
	w.rows(4)
	w.time = w.time.Add(2 * window)
	w.good("first", d, d.proof(t, d.claims(w.time)))
	w.rows(3)
	w.good("second", d, d.proof(t, d.claims(w.time)))
	w.rows(2)
}

func (w *world) rows(want int) {
	w.t.Helper()
	var n int
	if err := w.db.QueryRow(`SELECT count(*) FROM dpop_proofs`).Scan(&n); err != nil || n != want {
		w.t.Errorf("%d proofs are remembered, want %d (%v)", n, want, err)
	}
}

func TestOneWinner(t *testing.T) {
	w := newWorld(t)
	w.Log = slogDiscard
	d := newDevice(t, "ES256")
	for range 20 {
		proof := d.proof(t, d.claims(w.time))
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 20 {
			wg.Go(func() {
				_, err := w.Check(t.Context(), request(proof), "")
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d uses of one proof", won)
		}
	}
}

// RFC 9449 8 and 9.
func TestNonces(t *testing.T) {
	w := newWorld(t)
	d := newDevice(t, "ES256")
	with := func(nonce string) *http.Request {
		c := d.claims(w.time)
		c["nonce"] = nonce
		return request(d.proof(t, c))
	}
	if w.Nonce() != "" {
		t.Error("a nonce is given out that nobody demands")
	}
	strict := w.Demanding()
	nonce := strict.Nonce()
	w.refused("made up, although none is demanded", with("made-up"), "", UseNonce, rules.Nonce)
	w.good("one that is not demanded", d, with(nonce).Header.Get("DPoP"))

	w.Checker = strict
	w.refused("none", request(d.proof(t, d.claims(w.time))), "", UseNonce, rules.Nonce)
	w.refused("another server's", with(New(w.Config).Nonce()), "", UseNonce, rules.Nonce)
	w.refused("changed", with("B"+nonce[1:]), "", UseNonce, rules.Nonce)
	w.good("the one that was given out", d, with(nonce).Header.Get("DPoP"))
	w.time = w.time.Add(nonceLifetime)
	if w.Nonce() == nonce {
		t.Error("the nonce never changes")
	}
	w.good("five minutes later", d, with(nonce).Header.Get("DPoP"))
	w.time = w.time.Add(time.Second)
	w.refused("after that", with(nonce), "", UseNonce, rules.Nonce)
	later := w.Nonce()
	w.time = w.time.Add(-time.Hour)
	w.refused("from the future", with(later), "", UseNonce, rules.Nonce)
	if strings.Contains(w.said.String(), later) {
		t.Error("a nonce in the ledger")
	}
}

// What the writer says is not the client's fault.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	w.db.Close()
	d := newDevice(t, "ES256")
	_, err := w.Check(t.Context(), request(d.proof(t, d.claims(w.time))), "")
	var e *Error
	if err == nil || errors.As(err, &e) {
		t.Errorf("%v, want the writer's error", err)
	}
}

// A server is known by its address, and on its own machine by those of the
// machine; by no other name that a request may claim.
func TestTargets(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		base, host, htu string
		ok              bool
	}{
		{"http://localhost:8484", "localhost:8484", "http://localhost:8484/api/me", true},
		{"http://localhost:8484", "127.0.0.1:8484", "http://127.0.0.1:8484/api/me", true},
		{"http://localhost:8484", "127.0.0.1:8484", "http://localhost:8484/api/me", true}, // by discovery
		{"http://localhost:8484", "localhost:8484", "http://127.0.0.1:8484/api/me", false},
		{"http://localhost:8484", "[::1]:8484", "http://[::1]:8484/api/me", true},
		{"http://localhost:8484", "evil.example", "http://evil.example/api/me", false},
		{"https://as.example", "as.example", "http://as.example/api/me", false},
		{"https://as.example", "127.0.0.1:8484", "https://as.example/api/me", true}, // behind a proxy
		{"https://as.example", "127.0.0.1:8484", "https://127.0.0.1:8484/api/me", false},
		{"https://as.example", "as.example", "HTTPS://AS.example:443/api/me?a#b", true},
		{"https://as.example", "as.example", "https://as.example/%61pi/me", true},
		{"http://localhost:80", "localhost", "http://localhost/api/me", true},
		{"https://bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example/api/me", true},
		{"https://as.example", "as.example", "https://as.example/api/me/", false},
		{"https://as.example", "as.example", "https://as.example/api/ME", false},
		{"https://as.example", "as.example", "https://as.example/api%2Fme", false},
		{"https://as.example", "as.example", "https://u:p@as.example/api/me", false},
		{"https://as.example", "as.example", "https:as.example/api/me", false},
		{"https://as.example", "as.example", "//as.example/api/me", false},
		{"https://as.example", "as.example", "/api/me", false},
		{"https://as.example", "as.example", "https://as.example/api/me%", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://"+c.host+"/api/me?from=2026-01-01", nil)
		w.Base = c.base
		ok := false
		for _, url := range w.targets(r) {
			ok = ok || url == normal(c.htu)
		}
		if ok != c.ok {
			t.Errorf("%s asked as %s, htu %s: %v, want %v", c.base, c.host, c.htu, ok, c.ok)
		}
	}
}

// The key of RFC 7638 3.1, and its thumbprint there.
func TestThumbprint(t *testing.T) {
	const jwk = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
	k, err := parseKey([]byte(jwk), "RS256")
	if err != nil || k.thumbprint != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("%s %v", k.thumbprint, err)
	}
	for what, edit := range map[string]func(string) string{
		"leading zero": func(s string) string { return strings.Replace(s, `"e":"AQAB"`, `"e":"AAEAAQ"`, 1) },
		"even e":       func(s string) string { return strings.Replace(s, `"e":"AQAB"`, `"e":"AQAA"`, 1) },
		"e of 1":       func(s string) string { return strings.Replace(s, `"e":"AQAB"`, `"e":"AQ"`, 1) },
		"huge e":       func(s string) string { return strings.Replace(s, `"e":"AQAB"`, `"e":"AQAAAQAAAQ"`, 1) },
		"short n":      func(s string) string { return strings.Replace(s, `"n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmb`, `"n":"`, 1) },
		"long n":       func(s string) string { return strings.Replace(s, `"n":"`, `"n":"`+strings.Repeat("0vx7", 100), 1) },
		"no n":         func(s string) string { return strings.Replace(s, `"n":"`, `"m":"`, 1) },
		"EC":           func(s string) string { return strings.Replace(s, `"RSA"`, `"EC"`, 1) },
		"N":            func(s string) string { return strings.Replace(s, `"n":"`, `"N":"`, 1) },
	} {
		if k, err := parseKey([]byte(edit(jwk)), "RS256"); err == nil {
			t.Errorf("%s: taken, as %s", what, k.thumbprint)
		}
	}
}

// Nothing that is sent ends the process or is believed.
func FuzzProof(f *testing.F) {
	w := newWorld(f)
	w.Log = slogDiscard
	d := newDevice(f, "ES256")
	f.Add(d.proof(f, d.claims(w.time.Add(time.Hour))))
	f.Add("e30.e30.e30")
	f.Add(`eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.`)
	f.Fuzz(func(t *testing.T, proof string) {
		if _, err := w.Check(t.Context(), request(proof), ""); err == nil {
			t.Errorf("%q was accepted", proof)
		}
	})
}

func FuzzURL(f *testing.F) {
	f.Add("https://as.example/oauth/token?x#y")
	f.Add("http://%31/%2f%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		if once := normal(raw); once != "" && normal(once) != once {
			t.Errorf("%q is %q, and that is %q", raw, once, normal(once))
		}
	})
}
