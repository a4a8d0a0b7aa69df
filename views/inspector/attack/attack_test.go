package attack_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/exampleco/punchcard/views/inspector/attack"
)

// wanted is what the clauses and the API's contract demand: the answer, and
// what has to become of the honest things.
var wanted = []struct{ id, answer, aftermath string }{
	{"code-twice", "400 invalid_grant", "The honest app’s access token is dead as well: 401 invalid_token. Its refresh token is dead as well: 400 invalid_grant."},
	{"wrong-verifier", "400 invalid_grant", "The honest app can still redeem its code: 200."},
	{"no-verifier", "400 invalid_grant", "The honest app can still redeem its code: 200."},
	{"swapped-redirect", "400 Bad Request, no redirect", ""},
	{"other-clients-code", "400 invalid_grant", "The honest app can still redeem its code: 200."},
	{"old-refresh", "400 invalid_grant", "The honest app’s newest access token is dead as well: 401 invalid_token. Its newest refresh token is dead as well: 400 invalid_grant."},
	{"edited-jwt", "401 invalid_token", ""},
	{"alg-none", "401 invalid_token", ""},
	{"id-token-as-access", "401 invalid_token", ""},
	{"missing-scope", "403 insufficient_scope", "The entry is still there: 200."},
	{"other-persons-entry", "404 Not Found", "An id that never was gets the same answer, word for word."},
	{"approve-own", "403 Forbidden", ""},
	{"forged-consent", "403 Forbidden", "Nothing was decided: the consent page still asks her."},
	{"stolen-state", "403 Forbidden", "In the victim’s own browser the request still stands: 200."},
}

// Every attack is refused as its clause demands, again the second time, and
// leaves nothing behind.
func TestEveryAttackIsRefused(t *testing.T) {
	s := serve(t)
	for _, want := range wanted {
		t.Run(want.id, func(t *testing.T) {
			a := found(t, want.id)
			for range 2 {
				tp := &tape{}
				stage := *s
				stage.Transport = tp
				out, err := a.Run(t.Context(), &stage)
				if err != nil {
					t.Fatal(err)
				}
				if out.Answer != want.answer || !out.Blocked || out.Aftermath != want.aftermath {
					t.Errorf("got  %+v\nwant %+v, blocked", out, want)
				}
				tp.judge(t, a, out)
				tp.clean(t, s.Issuer)
			}
		})
	}
}

func found(t *testing.T, id string) attack.Attack {
	t.Helper()
	all := attack.All()
	i := slices.IndexFunc(all, func(a attack.Attack) bool { return a.ID == id })
	if i < 0 {
		t.Fatalf("there is no attack %s", id)
	}
	return all[i]
}

// judge looks whether the outcome is that of the decisive exchange, and
// everybody went under the right name and asked for what is needed alone.
func (tp *tape) judge(t *testing.T, a attack.Attack, out attack.Outcome) {
	t.Helper()
	i := slices.IndexFunc(tp.exchanges, func(e exchange) bool { return e.request == out.RequestID })
	if out.RequestID == "" || i < 0 {
		t.Fatalf("no exchange has the request id %q", out.RequestID)
	}
	e := tp.exchanges[i]
	if !decides(a.ID, e.agent, e.method, e.path) || !strings.HasPrefix(out.Answer, strconv.Itoa(e.status)) {
		t.Errorf("%q was read from %+v", out.Answer, e)
	}
	if a.ID == "forged-consent" && e.site != "cross-site" {
		t.Errorf("the form came from %q", e.site)
	}
	// Without the victim's cookies these would be refused for want of them.
	if steered := a.ID == "forged-consent" || a.ID == "swapped-redirect"; e.cookies != steered {
		t.Errorf("cookies sent: %v, want %v", e.cookies, steered)
	}
	for _, e := range tp.exchanges {
		if e.agent != "Punchcard attack ("+a.ID+")" && e.agent != "Punchcard victim ("+a.ID+")" {
			t.Errorf("%s %s was sent by %q", e.method, e.path, e.agent)
		}
		for scope := range strings.FieldsSeq(e.scope) {
			if !slices.Contains(strings.Fields(a.Needs.Scopes), scope) {
				t.Errorf("asks for %s, which it does not need", scope)
			}
		}
	}
	if tp.count(func(e exchange) bool { return e.path == "/login" && e.method == "POST" }) == 0 {
		t.Error("nobody has signed in through the page")
	}
}

// clean looks whether every entry was taken away, and every refresh token is
// dead.
func (tp *tape) clean(t *testing.T, issuer string) {
	t.Helper()
	filed := tp.count(func(e exchange) bool {
		return e.method == "POST" && e.path == "/api/timesheets" && e.status == 201
	})
	gone := tp.count(func(e exchange) bool { return e.method == "DELETE" && e.status == 204 })
	if filed != gone {
		t.Errorf("%d entries filed, %d deleted", filed, gone)
	}
	for _, e := range tp.exchanges {
		if e.token != "" && alive(t, issuer, e.token) {
			t.Error("a refresh token outlives the attack")
		}
	}
}

// Many people try at the same time, each attack beside all others.
func TestAtOnce(t *testing.T) {
	s := serve(t)
	var group sync.WaitGroup
	for _, want := range wanted {
		a := found(t, want.id)
		for range 5 {
			group.Go(func() {
				out, err := a.Run(t.Context(), s)
				if err != nil || out.Answer != want.answer || !out.Blocked || out.Aftermath != want.aftermath || out.RequestID == "" {
					t.Errorf("%s: got %+v, %v\nwant %+v, blocked", a.ID, out, err, want)
				}
			})
		}
	}
	group.Wait()
}

// Where the defence is gone, the verdict says so.
func TestVerdictCanFail(t *testing.T) {
	s := serve(t)
	for _, want := range wanted {
		t.Run(want.id, func(t *testing.T) {
			stage := *s
			stage.Transport = leaky{want.id}
			out, err := found(t, want.id).Run(t.Context(), &stage)
			if err != nil {
				t.Fatal(err)
			}
			answer := "200, it works"
			if want.id == "swapped-redirect" {
				answer += ", no redirect"
			}
			if out.Answer != answer || out.Blocked || out.RequestID != "let-through" {
				t.Errorf("got %+v, want %q and not blocked", out, answer)
			}
		})
	}
}

// An issuer with a trailing slash is another issuer, and the addresses are
// still right.
func TestIssuerWithSlash(t *testing.T) {
	port := freePort(t)
	s := serve(t, "--addr", "127.0.0.1:"+port, "--issuer", "http://localhost:"+port+"/")
	if s.Issuer != "http://localhost:"+port+"/" {
		t.Fatalf("the issuer is %s", s.Issuer)
	}
	for _, id := range []string{"code-twice", "forged-consent", "id-token-as-access"} {
		if out, err := found(t, id).Run(t.Context(), s); err != nil || !out.Blocked {
			t.Errorf("%s: %+v, %v", id, out, err)
		}
	}
}

// What stands in the way of the honest part is told, without any secret.
func TestHonestErrors(t *testing.T) {
	s := serve(t)
	nowhere := "http://127.0.0.1:" + freePort(t)
	for name, c := range map[string]struct {
		change func(*attack.Stage)
		want   string
	}{
		"wrong password": {func(s *attack.Stage) { s.Employee.Password = "a-wrong-password" }, "ada@example.com cannot sign in with the password of the configuration"},
		"no server":      {func(s *attack.Stage) { s.Issuer, s.Audience = nowhere, nowhere+"/api" }, "cannot be reached"},
		"another issuer": {func(s *attack.Stage) { s.Issuer += "/" }, "calls itself by another name"},
		"no such server": {func(s *attack.Stage) { s.Issuer += "/api" }, "expected the server’s metadata, but GET /api/.well-known/openid-configuration answered 404"},
		"server gone":    {func(s *attack.Stage) { s.Transport = gone{"/authorize"} }, "cannot be reached: cut off"},
		"server breaks":  {func(s *attack.Stage) { s.Transport = broken{"/oauth/token"} }, "expected tokens, but POST /oauth/token answered 500 Internal Server Error"},
		"unknown client": {func(s *attack.Stage) { s.Client.ID = "nobody" }, "expected the consent page, but GET /authorize answered 400"},
		"no such role":   {func(s *attack.Stage) { s.Manager = s.Employee }, "did not grant approve:timesheets"},
		"another API":    {func(s *attack.Stage) { s.Audience += "-elsewhere" }, "expected the consent page, but GET /authorize answered 303 invalid_target"},
	} {
		t.Run(name, func(t *testing.T) {
			id := "code-twice"
			if name == "no such role" {
				id = "approve-own"
			}
			stage := *s
			c.change(&stage)
			out, err := found(t, id).Run(t.Context(), &stage)
			if err == nil || !strings.Contains(err.Error(), c.want) || out != (attack.Outcome{}) {
				t.Fatalf("got %+v, %v\nwant an error: %s", out, err, c.want)
			}
			if text := err.Error(); strings.Contains(text, "a-wrong-password") || strings.Contains(text, "?") {
				t.Errorf("the error shows more than it should: %s", text)
			}
		})
	}
}

// Too many wrong passwords make the account wait, and the attack says so.
func TestThrottled(t *testing.T) {
	s := serve(t)
	wrong := *s
	wrong.Employee.Password = "a-wrong-password"
	var last error
	for range 8 {
		_, last = found(t, "edited-jwt").Run(t.Context(), &wrong)
	}
	if last == nil || !strings.Contains(last.Error(), "ada@example.com has to wait") {
		t.Errorf("got %v", last)
	}
}

// Somebody who leaves in the middle leaves nothing behind either.
func TestCallerLeaves(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	tp := &tape{}
	s.Transport = leaving{tp, cancel}
	out, err := found(t, "approve-own").Run(ctx, s)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", out, err)
	}
	tp.clean(t, s.Issuer)
	if n := tp.count(func(e exchange) bool { return e.status == 201 }); n != 1 {
		t.Errorf("the caller left when %d entries were filed, want 1", n)
	}
}
