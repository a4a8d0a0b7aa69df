package keys

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
)

func TestATokenHasOneSpelling(t *testing.T) {
	token := sign(t, ring(), ES256, TypeAccessToken)
	parts := strings.Split(token, ".")
	last := token[len(token)-1]
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	spare := alphabet[strings.IndexByte(alphabet, last)|1] // 64 bytes end in four unused bits
	for name, other := range map[string]string{
		"unused bits": token[:len(token)-1] + string(spare), "padding": token + "==", "line break": token[:20] + "\n" + token[20:],
		"at the end": token + "\r\n", "blank": " " + token, "blank within": parts[0] + ". " + parts[1] + "." + parts[2],
		"standard alphabet": parts[0] + "." + b64("{}") + ".+/+/", "two parts": parts[0] + "." + parts[1], "four parts": token + ".x",
		"nothing": "", "dots": "..", "no payload": parts[0] + ".." + parts[2], "prefix": "x" + token,
		"JSON": fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2]),
	} {
		refused(t, name, other, TypeAccessToken, ErrMalformed)
	}
}

func TestHeadersAreReadStrictly(t *testing.T) {
	kid := publicKey(ES256).KeyID
	for name, header := range map[string]string{
		"crit":           fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt","crit":["x"],"x":1}`, kid),
		"crit b64":       fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt","crit":["b64"],"b64":false}`, kid),
		"empty crit":     fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt","crit":[]}`, kid),
		"null crit":      fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt","crit":null}`, kid),
		"alg twice":      fmt.Sprintf(`{"alg":"none","alg":"ES256","kid":%q,"typ":"at+jwt"}`, kid),
		"kid number":     `{"alg":"ES256","kid":1,"typ":"at+jwt"}`,
		"no JSON":        "x",
		"array":          "[]",
		"trailing bytes": fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt"} {}`, kid),
	} {
		refused(t, name, forge(header, "{}", constant("x")), TypeAccessToken, ErrMalformed)
	}
	refused(t, "other letter case", forge(fmt.Sprintf(`{"ALG":"ES256","kid":%q,"typ":"at+jwt"}`, kid), "{}", constant("x")), TypeAccessToken, ErrAlgorithm)
}

// A critical extension is refused even where the signature over it is good.
func provesCritIsRefusedUnderAGoodSignature(t *testing.T) {
	private, err := generate(ES256)
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := thumbprint(private)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(TypeAccessToken).WithHeader("b64", true).WithCritical("b64"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	r := &Ring{config: Config{Now: time.Now}}
	if err := r.take([]key{{kid: kid, alg: ES256, private: private}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(token, TypeAccessToken); !errors.Is(err, ErrMalformed) {
		t.Errorf("crit under a good signature: %v", err)
	}
}

func TestHostileInputIsBounded(t *testing.T) {
	kid := publicKey(ES256).KeyID
	for name, token := range map[string]string{
		"2 MB of dots":    strings.Repeat(".", 2<<20),
		"2 MB header":     strings.Repeat("A", 2<<20) + ".e30.x",
		"100000 segments": strings.Repeat("a.", 100_000),
		"encrypted":       b64(`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`) + ".." + b64("iv") + "." + b64("text") + "." + b64("tag"),
		"deep header":     forge(`{"alg":"ES256","kid":"`+kid+`","typ":"at+jwt","x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+"}", "{}", constant("x")),
		"shallow header":  forge(`{"alg":"ES256","kid":"`+kid+`","typ":"at+jwt","x":`+strings.Repeat("[", 400)+strings.Repeat("]", 400)+"}", "{}", constant("x")),
		"one byte more":   sign(t, ring(), ES256, TypeAccessToken) + strings.Repeat("A", limits.Token),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := ring().Verify(token, TypeAccessToken)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s passed", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 || took > 50*time.Millisecond {
			t.Errorf("%s: %d bytes, %v", name, used, took)
		}
	}
	big, err := ring().Sign(ES256, TypeAccessToken, map[string]string{"x": strings.Repeat("x", limits.Token)})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "our own, but too long", big, TypeAccessToken, ErrMalformed)
}

// FuzzVerify: whatever comes, only what this ring signed passes, in the very
// form in which it was signed.
func FuzzVerify(f *testing.F) {
	good := map[string]string{}
	for _, alg := range algorithms {
		for _, typ := range []string{TypeAccessToken, TypeJWT} {
			token := sign(f, ring(), alg, typ)
			good[token] = typ
			f.Add(token)
			f.Add(strings.ToLower(token))
			f.Add(token + "=")
		}
	}
	f.Add("..")
	f.Add(b64(`{"alg":"none"}`) + ".e30.")
	f.Add(b64(`{"alg":"ES256","kid":"`+publicKey(ES256).KeyID+`","typ":"at+jwt","x5c":["AA"],"jwk":{}}`) + ".e30.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		for _, typ := range []string{TypeAccessToken, TypeJWT} {
			payload, err := ring().Verify(token, typ)
			if (err == nil) != (good[token] == typ) || (err == nil) != (payload != nil) {
				t.Errorf("%q as %s: %q, %v", token, typ, payload, err)
			}
		}
	})
}
