package timesheets

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// each walks the operations as the API describes them.
func (w *world) each(f func(route string, op *huma.Operation)) {
	w.t.Helper()
	n := 0
	for path, item := range w.api.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch} {
			if op != nil {
				n++
				f(method+" "+strings.ReplaceAll(path, "{id}", "ts_unknown"), op)
			}
		}
	}
	if n != 9 {
		w.t.Errorf("%d operations, and the contract has 9", n)
	}
}

// The contract's table, written out: what the code declares must be this.
var contract = map[string]string{
	"GET /api/timesheets":               "read:timesheets",
	"POST /api/timesheets":              "create:timesheets",
	"GET /api/timesheets/ts_unknown":    "read:timesheets",
	"PUT /api/timesheets/ts_unknown":    "create:timesheets",
	"POST /api/timesheets/upload":       "batch:upload",
	"DELETE /api/timesheets/ts_unknown": "delete:timesheets",
	"GET /api/approvals":                "approve:timesheets",
	"PUT /api/approvals/ts_unknown":     "approve:timesheets",
	"GET /api/me":                       "",
}

func TestEveryOperationDemandsAToken(t *testing.T) {
	w := newWorld(t)
	w.each(func(route string, _ *huma.Operation) {
		// RFC 6750 3.1: no authentication, no error code; 3: the scope in either case.
		scope := ""
		if contract[route] != "" {
			scope = `, scope="` + contract[route] + `"`
		}
		got := w.do("", route, "").want(401).header.Get("WWW-Authenticate")
		if got != `Bearer realm="timesheets"`+scope {
			t.Errorf("%s: %s", route, got)
		}
		got = w.do("revoked", route, "").want(401).header.Get("WWW-Authenticate")
		if got != `Bearer realm="timesheets", error="invalid_token", error_description="it was revoked"`+scope {
			t.Errorf("%s: %s", route, got)
		}
	})
}

func TestEveryOperationDemandsItsScope(t *testing.T) {
	w := newWorld(t)
	w.each(func(route string, op *huma.Operation) {
		need, known := contract[route]
		if !known {
			t.Fatalf("%s is not in the contract", route)
		}
		if got := strings.Join(scopesOf(op), " "); got != need {
			t.Errorf("%s declares %q, want %q", route, got, need)
		}
		for _, scope := range scopesOf(op) {
			schemes := w.api.huma.OpenAPI().Components.SecuritySchemes
			if schemes[securityScheme].Flows.AuthorizationCode.Scopes[scope]+schemes[machineScheme].Flows.ClientCredentials.Scopes[scope] == "" {
				t.Errorf("scope %s is not described", scope)
			}
		}
		// Each scope alone, and words that merely contain the needed one.
		for _, has := range append(everyScope, "x"+need, need+":all", "openid") {
			r := w.do(w.allowed(op, "usr_grace", has), route, "")
			if need == "" || has == need {
				if r.status == 401 || r.status == 403 {
					t.Errorf("%s with %s: %d", route, has, r.status)
				}
				continue
			}
			got := r.want(403).header.Get("WWW-Authenticate")
			want := `Bearer realm="timesheets", error="insufficient_scope", error_description="the access token does not carry the scope ` + need + `", scope="` + need + `"`
			if got != want {
				t.Errorf("%s with %s: %s", route, has, got)
			}
		}
	})
}

// allowed makes a token of the kind of caller that the operation is for.
func (w *world) allowed(op *huma.Operation, person string, scopes ...string) string {
	if op.OperationID == "upload-timesheets" {
		return w.machine(scopes...)
	}
	return w.token(person, scopes...)
}

// machine makes a token that a client has got for itself.
func (w *world) machine(scopes ...string) string {
	return w.tokenOf(Caller{Subject: "timesheets-cron", ClientID: "timesheets-cron", Machine: true, Scopes: scopes, ExpiresAt: now.Add(time.Hour)})
}

func TestPeopleAreSentAwayFromTheMachinesRoute(t *testing.T) {
	w := newWorld(t)
	nobody := w.tokenOf(Caller{ClientID: "timesheets-mobile", Scopes: []string{"batch:upload"}, ExpiresAt: now.Add(time.Hour)})
	for _, token := range []string{w.token("usr_grace", "batch:upload"), nobody} {
		r := w.do(token, "POST /api/timesheets/upload", `{"entries":[{"user_id":"usr_ada","project":"P","date":"2026-03-17","hours":1}]}`).want(403)
		if !strings.Contains(r.problem().Detail, "machine clients") || r.header.Get("WWW-Authenticate") != "" {
			t.Errorf("%v %s", r.header, r.body)
		}
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="operation-for-clients"`, `verdict="fail"`)
	var n int
	if err := w.db.QueryRow(`SELECT count(*) FROM entries`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d entries were stored, %v", n, err)
	}
}

func TestMachinesAreSentAwayFromPeoplesRoutes(t *testing.T) {
	w := newWorld(t)
	machine := w.machine(append(everyScope, "batch:upload")...)
	nobody := w.tokenOf(Caller{ClientID: "timesheets-mobile", Scopes: everyScope, ExpiresAt: now.Add(time.Hour)})
	w.each(func(route string, _ *huma.Operation) {
		if route == "GET /api/me" {
			if got := decoded[me](w.do(machine, route, "").want(200)); got.Person || got.Subject != "timesheets-cron" {
				t.Errorf("me of a machine: %+v", got)
			}
			return
		}
		if route == "POST /api/timesheets/upload" {
			w.do(machine, route, "").want(415) // let in, and asked for a body
			return
		}
		for _, token := range []string{machine, nobody} {
			r := w.do(token, route, "").want(403)
			if !strings.Contains(r.problem().Detail, "client_credentials") || r.header.Get("WWW-Authenticate") != "" {
				t.Errorf("%s: %v %s", route, r.header, r.body)
			}
		}
	})
	w.recorded(w.ledger.take(), "check", `rule="operation-for-people"`, `verdict="fail"`)
}

func TestMeTellsWhatTheTokenSays(t *testing.T) {
	w := newWorld(t)
	r := w.do(w.token("usr_ada", "read:timesheets", "openid"), "GET /api/me", "").want(200)
	want := `{"subject":"usr_ada","person":true,"email":"ada@example.com","client_id":"timesheets-mobile","scopes":["read:timesheets","openid"],"expires_at":"2026-03-18T11:30:00Z"}`
	if r.body != want || r.header.Get("Content-Type") != "application/json" || r.header.Get("Link") != "" {
		t.Errorf("%v\n%s", r.header, r.body)
	}
	if r := w.do(w.token("usr_ada"), "GET /api/me", "").want(200); !strings.Contains(r.body, `"scopes":[]`) {
		t.Errorf("no scopes: %s", r.body)
	}
}

func TestTheHeaderIsTheOnlyPlaceForAToken(t *testing.T) {
	w := newWorld(t)
	token := w.token("usr_ada", everyScope...)
	form := "Content-Type"
	for name, r := range map[string]reply{
		"query":       w.do("", "GET /api/me?access_token="+token, ""),
		"form":        w.do("", "POST /api/timesheets", "access_token="+token, form, "application/x-www-form-urlencoded"),
		"cookie":      w.do("", "GET /api/me", "", "Cookie", "access_token="+token),
		"basic":       w.do("", "GET /api/me", "", "Authorization", "Basic "+token),
		"no scheme":   w.do("", "GET /api/me", "", "Authorization", token),
		"scheme only": w.do("", "GET /api/me", "", "Authorization", "Bearer"),
		"tab":         w.do("", "GET /api/me", "", "Authorization", "Bearer\t"+token),
	} {
		want := `Bearer realm="timesheets"`
		if name == "form" {
			want += `, scope="create:timesheets"`
		}
		if got := r.want(401).header.Get("WWW-Authenticate"); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if w.tokens.asked.Load() != 0 {
		t.Errorf("the verifier was asked %d times", w.tokens.asked.Load())
	}
	for _, scheme := range []string{"bearer ", "BEARER ", "BeArEr ", "Bearer  "} {
		w.do("", "GET /api/me", "", "Authorization", scheme+token).want(200)
	}
	if log := w.ledger.take(); strings.Contains(log, "secret") {
		t.Errorf("a token in the ledger:\n%s", log)
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	w := newWorld(t)
	r, _ := http.NewRequest("GET", w.server.URL+"/api/me", nil)
	token := w.token("usr_ada")
	r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
	got := w.send(r).want(400)
	if !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_request"`) {
		t.Errorf("%v", got.header)
	}
}

func TestTokensThatCannotBeOneNeverReachTheVerifier(t *testing.T) {
	w := newWorld(t)
	for _, token := range []string{strings.Repeat("a", maxToken+1), `a"b`, "a b", "a,b", "=", "ä", "a=b"} {
		got := w.do(token, "GET /api/me", "").want(401).header.Get("WWW-Authenticate")
		if !strings.Contains(got, `error="invalid_token"`) {
			t.Errorf("%.20s: %s", token, got)
		}
	}
	if w.tokens.asked.Load() != 0 {
		t.Errorf("the verifier was asked %d times", w.tokens.asked.Load())
	}
	w.tokens.callers[strings.Repeat("a", maxToken)] = Caller{Subject: "usr_ada", ExpiresAt: now.Add(time.Second)}
	w.do(strings.Repeat("a", maxToken), "GET /api/me", "").want(200)
}

func TestAnExpiredTokenIsRefusedEvenIfTheVerifierTookIt(t *testing.T) {
	w := newWorld(t)
	token := w.token("usr_ada")
	w.clock = now.Add(time.Hour - time.Second)
	w.do(token, "GET /api/me", "").want(200)
	w.clock = now.Add(time.Hour) // RFC 7519 4.1.4: on or after exp
	w.do(token, "GET /api/me", "").want(401)
	w.do(w.tokenOf(Caller{Subject: "usr_ada"}), "GET /api/me", "").want(401)
}

func TestTheVerifiersOwnTroubleIsNotTheClients(t *testing.T) {
	w := newWorld(t)
	w.tokens.fail = outage{}
	r := w.do("some", "GET /api/me", "").want(503)
	if r.header.Get("Retry-After") != "5" || r.header.Get("WWW-Authenticate") != "" || !strings.Contains(r.body, "whether this access token is valid") || strings.Contains(r.body, "fire") {
		t.Errorf("%v %s", r.header, r.body)
	}
	w.recorded(w.ledger.take(), "WARN", "disk on fire")
	w.tokens.fail = errors.New("pq: password is hunter2")
	r = w.do("some", "GET /api/me", "").want(500)
	if strings.Contains(r.body, "hunter2") {
		t.Errorf("internals shown: %s", r.body)
	}
	w.recorded(w.ledger.take(), "ERROR", "hunter2")

	w.tokens.fail = ErrInvalidToken // without a reason of ours, nothing of it is shown
	if got := w.do("some", "GET /api/me", "").want(401).header.Get("WWW-Authenticate"); !strings.Contains(got, `error_description="it opens nothing here"`) {
		t.Error(got)
	}
	w.tokens.fail = InvalidToken("bad \"quote\\\r\nX: y")
	if got := w.do("some", "GET /api/me", "").want(401).header.Get("WWW-Authenticate"); !strings.HasSuffix(got, `error_description="bad  quote   X: y"`) {
		t.Error(got)
	}
}

func TestChallengesPointAtTheMetadataWhereThatExists(t *testing.T) {
	const at = "https://as.example/.well-known/oauth-protected-resource/api"
	w := newWorld(t, func(c *Config) { c.ResourceMetadata = at })
	for _, token := range []string{"", "revoked", w.token("usr_ada")} {
		got := w.do(token, "GET /api/timesheets", "").header.Get("WWW-Authenticate")
		if !strings.HasSuffix(got, `, resource_metadata="`+at+`/timesheets"`) { // RFC 9728 5.1
			t.Error(got)
		}
		// RFC 6750 3: every challenge names the scope, also where no token was sent
		// and no error is named; that is what a client goes to ask for.
		if !strings.Contains(got, `, scope="read:timesheets"`) || token == "" && strings.Contains(got, "error") {
			t.Error(got)
		}
	}
}

func TestTokenAndScopeAreInTheLedger(t *testing.T) {
	w := newWorld(t)
	w.do(w.token("usr_ada", "read:timesheets"), "GET /api/timesheets", "").want(200)
	log := w.ledger.take()
	w.recorded(log, "DEBUG check", `rule="access-token-valid"`, `verdict="pass"`, tokenAudience, tokenIssuer, `got="access token `)
	w.recorded(log, "DEBUG check", `rule="operation-scope"`, `verdict="pass"`, `expected="read:timesheets"`, `clause="RFC 6750 3.1"`)
	w.do(w.token("usr_ada", "openid"), "GET /api/timesheets", "").want(403)
	w.recorded(w.ledger.take(), "INFO check", `rule="operation-scope"`, `verdict="fail"`, `expected="read:timesheets"`, `got="openid"`)
}
