package jws

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

var most = Limits{Token: 4096, Header: 1024}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestRead(t *testing.T) {
	sent := b64(`{"alg":"ES256","kid":"k","typ":"at+jwt","jwk":{"kty":"EC"},"x":[1]}`) + "." + b64(`{"sub":"a"}`) + "." + b64("sig")
	got, err := Read(sent, most)
	if err != nil {
		t.Fatal(err)
	}
	if got.Header.Alg != "ES256" || got.Header.Kid != "k" || got.Header.Typ != "at+jwt" || string(got.Header.JWK) != `{"kty":"EC"}` ||
		string(got.Payload) != `{"sub":"a"}` || string(got.Signature) != "sig" || string(got.Signed) != sent[:strings.LastIndex(sent, ".")] {
		t.Errorf("got %+v", got)
	}
}

func TestMalformed(t *testing.T) {
	good, rest := `{"alg":"ES256"}`, "."+b64(`{}`)+"."+b64("sig")
	if _, err := Read(b64(good)+rest, most); err != nil {
		t.Fatal(err)
	}
	for what, sent := range map[string]string{
		"empty":                  "",
		"two parts":              b64(good) + "." + b64(`{}`),
		"four parts":             b64(good) + rest + ".e30",
		"five parts":             b64(good) + rest + ".e30.e30",
		"an empty header":        rest,
		"an empty payload":       b64(good) + ".." + b64("sig"),
		"padding":                b64(good) + rest + "=",
		"standard base64":        b64(good) + "." + b64(`{}`) + ".+/+/",
		"a line break":           b64(good) + rest[:3] + "\n" + rest[3:],
		"a space":                b64(good) + rest + " ",
		"spare bits":             b64(good) + "." + b64(`{}`) + ".AB", // AA is the byte 0; AB is too, with bits left over
		"too long":               b64(good) + rest + strings.Repeat("AAAA", 1024),
		"a header that is long":  b64(`{"alg":"ES256","x":"`+strings.Repeat("x", 1024)+`"}`) + rest,
		"no JSON":                b64(`alg`) + rest,
		"null":                   b64(`null`) + rest,
		"an array":               b64(`["ES256"]`) + rest,
		"something behind it":    b64(good+`{}`) + rest,
		"a member given twice":   b64(`{"alg":"ES256","alg":"none"}`) + rest,
		"twice by an escape":     b64(`{"alg":"ES256","\u0061lg":"none"}`) + rest,
		"alg is a number":        b64(`{"alg":1}`) + rest,
		"bad UTF-8":              b64("{\"alg\":\"ES256\xff\"}") + rest,
		"a critical extension":   b64(`{"alg":"ES256","crit":["b64"],"b64":false}`) + rest,
		"crit that is empty":     b64(`{"alg":"ES256","crit":[]}`) + rest,
		"crit that is null":      b64(`{"alg":"ES256","crit":null}`) + rest,
		"the JSON serialization": `{"payload":"e30","signatures":[]}`,
	} {
		if got, err := Read(sent, most); !errors.Is(err, ErrMalformed) || got != nil {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	// RFC 7515 4: names are compared letter by letter.
	if got, err := Read(b64(`{"ALG":"ES256"}`)+rest, most); err != nil || got.Header.Alg != "" {
		t.Errorf("ALG is read as alg: %+v, %v", got, err)
	}
}

// FuzzRead: what is read has one spelling, and errors hold nothing of it.
func FuzzRead(f *testing.F) {
	for _, sent := range []string{b64(`{"alg":"ES256"}`) + ".e30.AAAA", "..", "e30.e30.e30", b64(`{"alg":"none"}`) + ".e30.", b64(`{"crit":null}`) + ".e30.AAAA", "e30.e30.e30\n"} {
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		got, err := Read(sent, most)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || got != nil || len(err.Error()) > 120 {
				t.Errorf("%q: %v", sent, err)
			}
			return
		}
		if again := string(got.Signed) + "." + base64.RawURLEncoding.EncodeToString(got.Signature); again != sent {
			t.Errorf("%q is also %q", sent, again)
		}
		if payload := base64.RawURLEncoding.EncodeToString(got.Payload); !strings.HasSuffix(string(got.Signed), "."+payload) {
			t.Errorf("%q: payload %q", sent, got.Payload)
		}
	})
}
