package page

import "strings"

// The values of a run that was recorded, as the inspector's page gets them.

const (
	challengeID, verifierID, codeID = "13d31e96", "7a1f0c52", "c4b1e09d"
	accessID, refreshID, idTokenID  = "5e0d77aa", "9b21f4c3", "2f6ac871"
	secondAccessID, secondRefreshID = "b8810e4f", "e71d2a90"
	stateID, flowID                 = "aa09c3d1", "31b7e5f8"

	challengeText = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	verifierText  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	codeText      = "ory_ac_7Qp2mXvNw0sYc3kTZb1d9LrEoUi6FhGj.x8VnAaPqMtRsWyKzCeBuDfHgJl4c4xB1k"
	refreshText   = "ory_rt_Zk81vQmN4wLsRtYbXcP0dEo9uIiHgFj.t7KaVzQxWnMsBrCyTeLuDpGfJh2o5n3m"
)

var jwtParts = [3]string{
	"eyJhbGciOiJFUzI1NiIsImtpZCI6IjNmYTkxYzdlIiwidHlwIjoiYXQrand0In0",
	"eyJhdWQiOlsiaHR0cHM6Ly90aW1lc2hlZXRzLmV4YW1wbGUiXSwiY2xpZW50X2lkIjoidGltZXNoZWV0cy1tb2JpbGUiLCJleHAiOjE3OTU1MTI1NzEsImlhdCI6MTc5NTUxMTY3MSwiaXNzIjoiaHR0cDovL2xvY2FsaG9zdDo4NDg0IiwianRpIjoiMGQ3YzRlMWEtOWY1Mi00YjM4LWE2ZTEiLCJzY29wZSI6Im9wZW5pZCByZWFkOnRpbWVzaGVldHMgY3JlYXRlOnRpbWVzaGVldHMiLCJzdWIiOiJ1c3JfYWRhIn0",
	"kR9_Yq2V1zHcT0mWnB5xLdPjE8uGfAoS3vKiQr7ZyNtMhXbCwDe4JgUlFp6Is1OaRk2Tv9Hx3Wq8Ym5Zn0Lb4Q",
}

// codeRun is the phone app's sign-in, with its call of the API and a refresh,
// at the step where the code is swapped.
func codeRun() *Run {
	return &Run{
		Number: 12, Version: 17, Title: "Ada Lovelace signs in to Timesheets Mobile", Kind: "Authorization code with PKCE",
		When: "today 09:24:31", Length: "9 exchanges, 1.9 s", Outcome: OutcomeDone, OutcomeIn: "went well", HAR: "/inspector/12/har",
		Cast:   [4]Actor{{"Ada’s browser", "resource owner"}, {"Timesheets Mobile", "public client"}, {"Sign-in server", "authorization server"}, {"Timesheets API", "resource server"}},
		Steps:  codeSteps(),
		Detail: swapDetail(),
		Family: &Family{State: "alive", Text: "One grant, twice refreshed. Everything here ends together.", Roots: []FamilyNode{familyOf("alive")}},
		Values: travelled(),
		Writes: written(),
	}
}

func codeSteps() []Step {
	at := func(id string) string { return "/inspector/12?step=" + id + "#" + id }
	code, verifier := Words{Plain: "code", Kind: KindCode, Value: codeID}, Words{Plain: "verifier", Kind: KindPKCE, Value: verifierID}
	access, refresh := Words{Plain: "access", Kind: KindAccess, Value: accessID}, Words{Plain: "refresh", Kind: KindRefresh, Value: refreshID}
	plus := Words{Plain: " + "}
	steps := []Step{
		{ID: "0", Note: true, Span: "at2", Role: "c-app", Label: []Words{{Plain: "Make a secret "}, verifier}, Route: "app"},
		{ID: "1", Number: "1", Span: "g23", Role: "c-app", Front: true, Label: []Words{{Plain: "Ask to sign in", Spec: "GET /oauth2/authorize"}, plus, {Plain: "challenge", Kind: KindPKCE, Value: challengeID}, plus, {Plain: "state", Kind: KindState, Value: stateID}}, Route: "app → server", Meta: "18 ms"},
		{ID: "1a", Span: "g13", Role: "c-as", Back: true, Front: true, Label: []Words{{Plain: "Show the sign-in form ", Spec: "303 /login "}, {Plain: "flow", Kind: KindFlow, Value: flowID}}, Route: "server → you", Meta: "303"},
		{ID: "2", Number: "2", Span: "g13", Role: "c-person", Front: true, Label: []Words{{Plain: "Name and ", Spec: "POST /login, "}, {Plain: "password", Kind: KindMasked}}, Route: "you → server", Meta: "71 ms"},
		{ID: "3", Number: "3", Span: "g13", Role: "c-person", Front: true, Label: []Words{{Plain: "Allow 3 of 5 permissions", Spec: "POST /consent"}}, Route: "you → server", Meta: "9 ms"},
		{ID: "4", Number: "4", Span: "g23", Role: "c-as", Back: true, Front: true, Label: []Words{{Plain: "Come back", Spec: "303 redirect_uri"}, plus, code}, Route: "server → app", Meta: "303"},
		{ID: "5", Number: "5", Span: "g23", Role: "c-app", Label: []Words{{Plain: "Swap ", Spec: "POST /oauth2/token "}, code, plus, verifier}, Route: "app → server", Meta: "12 ms", Selected: true},
		{ID: "5n", Note: true, Span: "at3", Role: "c-as", Label: []Words{{Plain: "SHA-256 matches ✓", Spec: "S256(code_verifier) = code_challenge ✓"}}, Route: "server"},
		{ID: "6", Number: "6", Span: "g23", Role: "c-as", Back: true, Label: []Words{access, plus, refresh, plus, {Plain: "ID", Kind: KindID, Value: idTokenID}, {Plain: " token"}}, Route: "server → app", Meta: "200"},
		{ID: "6b", Span: "g34", Role: "c-api", Back: true, Label: []Words{{Plain: "The keys, please", Spec: "GET jwks_uri"}}, Route: "API → server", Meta: "1 ms"},
		{ID: "7", Number: "7", Span: "g24", Role: "c-app", Label: []Words{{Plain: "GET /api/timesheets"}, plus, access}, Route: "app → API", Meta: "4 ms"},
		{ID: "8", Number: "8", Span: "g24", Role: "c-api", Back: true, Label: []Words{{Plain: "3 timesheets", Spec: "200 OK"}}, Route: "API → app", Meta: "200"},
		{ID: "8n", Note: true, Span: "at4", Role: "c-api", Label: []Words{{Plain: "read:timesheets ✓"}}, Route: "API"},
		{ID: "9", Number: "9", Span: "g23", Role: "c-app", Label: []Words{{Plain: "Rotate ", Spec: "grant_type=refresh_token "}, refresh, {Plain: " token"}}, Route: "app → server", Meta: "8 ms"},
	}
	for i := range steps {
		steps[i].Href, steps[i].Outcome = at(steps[i].ID), OutcomeDone
	}
	return steps
}

func swapDetail() *Detail {
	return &Detail{
		Step: "5", Previous: "/inspector/12?step=4#4", Next: "/inspector/12?step=5n#5n", Tags: []string{"12 ms", "no cookies sent"},
		Request: []Piece{
			{Text: "POST", Class: "m"}, {Text: " /oauth2/token "}, {Text: "HTTP/1.1\nHost: localhost:8484\nContent-Type: application/x-www-form-urlencoded\n", Class: "h"}, {Text: "\n"},
			{Text: "grant_type=", Class: "k"}, {Text: "authorization_code\n"},
			{Text: "client_id=", Class: "k"}, {Text: "timesheets-mobile\n"},
			{Text: "redirect_uri=", Class: "k"}, {Text: "http://127.0.0.1:49152/callback\n"},
			{Text: "code=", Class: "k"}, {Text: codeText, Kind: KindCode, Value: codeID, Title: "authorization code " + codeID}, {Text: "\n"},
			{Text: "code_verifier=", Class: "k"}, {Text: verifierText, Kind: KindPKCE, Value: verifierID, Title: "code verifier " + verifierID},
		},
		Response: []Piece{
			{Text: "HTTP/1.1 ", Class: "h"}, {Text: "200 OK", Class: "s"}, {Text: "\nCache-Control: no-store\nContent-Type: application/json\n", Class: "h"}, {Text: "\n{\n  "},
			{Text: `"access_token": `, Class: "k"}, {Text: `"`}, {Text: strings.Join(jwtParts[:], "."), Kind: KindAccess, Value: accessID, Title: "access token " + accessID}, {Text: "\",\n  "},
			{Text: `"expires_in": `, Class: "k"}, {Text: "900,\n  "},
			{Text: `"refresh_token": `, Class: "k"}, {Text: `"`}, {Text: refreshText, Kind: KindRefresh, Value: refreshID, Title: "refresh token " + refreshID}, {Text: "\",\n  "},
			{Text: `"id_token": `, Class: "k"}, {Text: `"`}, {Text: "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOlsidGltZXNoZWV0cy1tb2JpbGUiXX0.q0wErTyUiOp", Kind: KindID, Value: idTokenID, Title: "ID token " + idTokenID}, {Text: "\"\n}"},
		},
		Checks: []LedgerLine{
			{OK: true, Rule: "the code was issued to this client", Clause: "RFC 6749 4.1.3", Href: "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3", Expected: []Piece{{Text: "timesheets-mobile"}}, Got: []Piece{{Text: "timesheets-mobile"}}, Why: "Another app that finds a code must not be able to use it."},
			{OK: true, Rule: "the code was never used", Clause: "RFC 6749 4.1.2", Href: "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2"},
			{OK: true, Rule: "redirect_uri is the one of the request", Clause: "RFC 6749 4.1.3"},
			{OK: true, Rule: "hashing the verifier gives the challenge", Clause: "RFC 7636 4.6", Expected: []Piece{{Text: challengeText, Kind: KindPKCE, Value: challengeID, Title: "challenge"}}, Got: []Piece{{Text: challengeText, Kind: KindPKCE, Value: challengeID, Title: "challenge"}}, Why: "Only the app that started can finish."},
		},
		Writes: written()[2:4],
		Tokens: []Token{accessToken5(), idToken5()},
		Curl:   "curl -s http://localhost:8484/oauth2/token \\\n  -d grant_type=authorization_code -d client_id=timesheets-mobile \\\n  -d redirect_uri=http://127.0.0.1:49152/callback \\\n  -d code=" + codeText + " \\\n  -d code_verifier=" + verifierText,
	}
}

func accessToken5() Token {
	return Token{
		Name: "Access token", Kind: KindAccess, Value: accessID, Parts: jwtParts,
		Header: []Claim{{Name: "alg", Value: "ES256", Meaning: "how it is signed"}, {Name: "typ", Value: "at+jwt", Meaning: "an access token, nothing else"}, {Name: "kid", Value: "3fa91c7e", Meaning: "with which key"}},
		Claims: []Claim{
			{Name: "iss", Value: "http://localhost:8484", Meaning: "this server made it"}, {Name: "sub", Value: "usr_ada", Meaning: "who it speaks for"},
			{Name: "aud", Value: "https://timesheets.example", Meaning: "the only API that may accept it"}, {Name: "client_id", Value: "timesheets-mobile", Meaning: "who is holding it"},
			{Name: "scope", Chips: []string{"openid", "read:timesheets", "create:timesheets"}, Meaning: "what Ada ticked"}, {Name: "exp", Value: "1795512571", Meaning: "today, 09:39:31"},
		},
		Signature: "ES256, by this server’s key 3fa91c7e", Expires: 1795512571, Lifetime: 900, Left: "3:31 left", Tenth: 7, State: "alive",
		Opens: []Opening{
			{Operation: "GET /api/timesheets", OK: true}, {Operation: "POST /api/timesheets", OK: true},
			{Operation: "DELETE /api/timesheets/{id}", Needs: "delete:timesheets"}, {Operation: "POST /api/timesheets/{id}/approve", Needs: "approve:timesheets"},
		},
		ExpireHref: "/inspector/expire/" + accessID,
	}
}

func idToken5() Token {
	return Token{
		Name: "ID token", Kind: KindID, Value: idTokenID, Parts: [3]string{"eyJhbGciOiJFUzI1NiJ9", "eyJhdWQiOlsidGltZXNoZWV0cy1tb2JpbGUiXX0", "q0wErTyUiOp"},
		Claims:    []Claim{{Name: "aud", Value: "timesheets-mobile", Meaning: "for the app, never for an API"}, {Name: "nonce", Value: "n-0S6_WzA2Mj", Meaning: "ties it to the request"}},
		Signature: "ES256, by this server’s key 3fa91c7e", Expires: 1795508971, Lifetime: 3600, Left: "expired", Tenth: 0, State: "expired",
	}
}

// familyOf is a grant that was refreshed once, alive or after its first
// refresh token came twice.
func familyOf(state string) FamilyNode {
	at := func(id string) string { return "/inspector/12?step=" + id + "#" + id }
	now, nowText, expire := "alive", "alive, 3:31 left", "/inspector/expire/"+secondRefreshID
	old, oldText := "replaced", "replaced"
	if state != "alive" {
		now, nowText, expire = "revoked", "revoked", ""
		old, oldText = "reused", "used twice"
	}
	return FamilyNode{Name: "authorization code", Kind: KindCode, Value: codeID, Short: "ory_ac_7Qp2mX…", State: "used", StateText: "used", Step: at("4"), Children: []FamilyNode{
		{Name: "access token", Kind: KindAccess, Value: accessID, Short: "eyJhbGciOiJF…", State: "expired", StateText: "expired", Step: at("6")},
		{Name: "refresh token", Kind: KindRefresh, Value: refreshID, Short: "ory_rt_Zk81vQ…", State: old, StateText: oldText, Step: at("6"), Children: []FamilyNode{
			{Name: "access token", Kind: KindAccess, Value: secondAccessID, Short: "eyJhbGciOiJF…", State: now, StateText: nowText, Step: at("9")},
			{Name: "refresh token", Kind: KindRefresh, Value: secondRefreshID, Short: "ory_rt_Hn27sW…", State: now, StateText: nowText, Step: at("9"), ExpireHref: expire},
		}},
	}}
}

func travelled() []TravellingValue {
	at := func(ids ...string) (out []ValueStep) {
		for _, id := range ids {
			out = append(out, ValueStep{"step " + id, "/inspector/12?step=" + id + "#" + id})
		}
		return out
	}
	return []TravellingValue{
		{"pending request", KindFlow, flowID, "f_31b7e5…", at("1", "2", "3")},
		{"state", KindState, stateID, "aa09c3d1ff", at("1", "4")},
		{"challenge", KindPKCE, challengeID, "E9Melhoa2Owv…", at("1", "5")},
		{"verifier", KindPKCE, verifierID, "dBjftJeZ4CVP…", at("5")},
		{"code", KindCode, codeID, "ory_ac_7Qp2mX…", at("4", "5")},
		{"access token", KindAccess, accessID, "eyJhbGciOiJF…", at("6", "7")},
		{"refresh token", KindRefresh, refreshID, "ory_rt_Zk81vQ…", at("6", "9")},
		{"ID token", KindID, idTokenID, "eyJhbGciOiJF…", at("6")},
		{"password", KindMasked, "", "never kept", at("2")},
	}
}

func written() []RowWritten {
	at := func(id string) string { return "/inspector/12?step=" + id + "#" + id }
	return []RowWritten{
		{"insert", "flows", "flow", flowID, "the request waits for a person", at("1")},
		{"insert", "oauth_codes", "code", codeID, "a code was issued, good for 60 s", at("4")},
		{"update", "oauth_codes", "code", codeID, "the code was used", at("5")},
		{"insert", "oauth_refresh_tokens", "refresh token", refreshID, "a refresh token was issued", at("6")},
		{"update", "oauth_refresh_tokens", "refresh token", refreshID, "the refresh token was replaced", at("9")},
		{"insert", "oauth_refresh_tokens", "refresh token", secondRefreshID, "a refresh token was issued", at("9")},
	}
}
