package auth

import (
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

// older starts the server with clients that are not required to send a
// challenge: a confidential one, as an operator may register it, and a public
// one, as no configuration can (RFC 9700 2.1.1).
func older(t *testing.T) *world {
	w := newWorld(t)
	d := document(t, seed.Builtin())
	for i := range d.Clients {
		if id := d.Clients[i].ID; id == "timesheets-web" || id == "timesheets-mobile" {
			d.Clients[i].RequirePKCE = false
		}
	}
	w.open(d, true)
	return w
}

const webRedirect = "http://localhost:3000/callback"

// webRequest is an authorization request of the confidential client, as an
// older OpenID Connect client sends it; pairs replace, "" takes away.
func webRequest(pairs ...string) url.Values {
	q := url.Values{"client_id": {"timesheets-web"}, "redirect_uri": {webRedirect}, "response_type": {"code"}, "scope": {"openid offline_access read:timesheets"}, "state": {"s"}, "nonce": {"n"}}
	for i := 0; i < len(pairs); i += 2 {
		if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return q
}

// challenged adds a challenge to a request.
func challenged(pairs ...string) url.Values {
	return webRequest(append([]string{"code_challenge", challengeOf(verifier), "code_challenge_method", "S256"}, pairs...)...)
}

// redeem is the confidential client with its secret and a verifier, "" for none.
func (w *world) redeem(code, verifier string) *httptest.ResponseRecorder {
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"timesheets-web"}, "client_secret": {"timesheets-web-secret"}, "code": {code}, "redirect_uri": {webRedirect}}
	if verifier != "" {
		form.Set("code_verifier", verifier)
	}
	return w.post(pathToken, form)
}

// What an authorization request without a challenge needs instead.
func TestWithoutAChallenge(t *testing.T) {
	w := older(t)
	strict := newWorld(t)
	public := webRequest("client_id", "timesheets-mobile", "redirect_uri", redirect)
	for _, c := range []struct {
		name    string
		at      *world
		request url.Values
		want    string // of error_description; "" for a good request
	}{
		{"openid and nonce", w, webRequest(), ""},
		{"a challenge, no nonce", w, challenged("nonce", ""), ""},
		{"no nonce", w, webRequest("nonce", ""), "nonce"},
		{"a nonce that no ID token would carry", w, webRequest("scope", "read:timesheets"), "openid"},
		{"neither", w, webRequest("scope", "read:timesheets", "nonce", ""), "openid"},
		{"the method of a challenge that got lost", w, webRequest("code_challenge_method", "S256"), "code_challenge is missing"},
		{"plain", w, challenged("code_challenge_method", "plain"), "S256"},
		{"no method, which means plain", w, challenged("code_challenge_method", ""), "S256"},
		{"a challenge of another form", w, challenged("code_challenge", "short"), "43"},
		{"a public client", w, public, "Send a code_challenge with code_challenge_method=S256, and the code_verifier with the code."},
		{"a client of the default", strict, webRequest(), "require_pkce: false"},
	} {
		_, err := c.at.parseAuthorization(t.Context(), c.request)
		var e *oauth.Error
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &e) || e.Code != "invalid_request" || !strings.Contains(e.Description, c.want) || e.Back == nil):
			t.Errorf("%s: %v, want invalid_request about %q at the client", c.name, err, c.want)
		case c.name == "a public client" && strings.Contains(e.Description, "require_pkce"):
			t.Errorf("%s is told of a way out that it does not have: %s", c.name, e.Description)
		}
	}
}

// tries are verifiers that may come with a code.
var tries = map[string]string{"right": verifier, "wrong": strings.Repeat("w", 43), "none": "", "short": "short", "the challenge": challengeOf(verifier)}

func orders(of []string) [][]string {
	if len(of) == 0 {
		return [][]string{nil}
	}
	var out [][]string
	for i, first := range of {
		rest := append(append([]string{}, of[:i]...), of[i+1:]...)
		for _, order := range orders(rest) {
			out = append(out, append([]string{first}, order...))
		}
	}
	return out
}

// A code is redeemed by the one verifier that belongs to it, or by none if it
// was asked for without a challenge, whatever was tried before and in whatever
// order: RFC 7636 4.6, RFC 9700 4.8.2. And it is redeemed once.
func TestPKCESequences(t *testing.T) {
	servers := map[string]*world{"require_pkce: false": older(t), "default": newWorld(t)}
	for _, c := range []struct {
		name, server string
		request      url.Values
		good         string // the try that redeems
	}{
		{"with a challenge", "require_pkce: false", challenged(), "right"},
		{"with a challenge and no nonce", "require_pkce: false", challenged("nonce", ""), "right"},
		{"without a challenge", "require_pkce: false", webRequest(), "none"},
		{"with a challenge, PKCE required", "default", challenged(), "right"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := servers[c.server]
			for _, order := range orders([]string{"right", "wrong", "none"}) {
				code, redeemed := w.grantFor("ada@example.com", c.request), false
				for _, try := range order {
					rec := w.redeem(code, tries[try])
					if try == c.good && !redeemed {
						w.tokens(rec)
						redeemed = true
						continue
					}
					w.refused(rec, http.StatusBadRequest, "invalid_grant")
				}
			}
			code := w.grantFor("ada@example.com", c.request)
			for _, try := range []string{"short", "the challenge", "wrong"} {
				w.refused(w.redeem(code, tries[try]), http.StatusBadRequest, "invalid_grant")
			}
			w.tokens(w.redeem(code, tries[c.good]))
		})
	}
}

// The same at once: whoever has not what belongs to the code gets nothing, and
// cannot keep the one who has it from it.
func TestPKCETriesAtOnce(t *testing.T) {
	w := older(t)
	for _, c := range []struct {
		request url.Values
		good    string
	}{{challenged(), "right"}, {webRequest(), "none"}} {
		for range *rounds {
			code := w.grantFor("ada@example.com", c.request)
			var mu sync.Mutex
			var wg sync.WaitGroup
			won := map[string]int{}
			gun := make(chan struct{})
			for name, value := range tries {
				for range 4 {
					wg.Go(func() {
						<-gun
						if rec := w.redeem(code, value); rec.Code == http.StatusOK {
							mu.Lock()
							won[name]++
							mu.Unlock()
						}
					})
				}
			}
			close(gun)
			wg.Wait()
			if won[c.good] != 1 || len(won) != 1 {
				t.Errorf("redeemed by %v, want one %q", won, c.good)
			}
		}
	}
}

// Taking away what was stored of a challenge opens nothing: the code says that
// there was one.
func TestALostChallengeOpensNothing(t *testing.T) {
	w := older(t)
	code := w.grantFor("ada@example.com", challenged())
	if err := w.disk.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(`DELETE FROM pkce`); return err }); err != nil {
		t.Fatal(err)
	}
	for _, try := range []string{"none", "wrong", "right"} {
		if rec := w.redeem(code, tries[try]); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", try, rec.Code, rec.Body)
		}
	}
}

// A client that is held to PKCE while one of its sign-ins is under way is held
// to it at once: that code is worth nothing.
func TestPKCEIsJudgedAsTheClientIsNow(t *testing.T) {
	w := older(t)
	code := w.grantFor("ada@example.com", webRequest())
	w.open(document(t, seed.Builtin()), true)
	if rec := w.redeem(code, ""); rec.Code != http.StatusBadRequest {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
