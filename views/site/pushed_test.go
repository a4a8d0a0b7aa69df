package site

import (
	"strings"
	"testing"
)

// The link that is printed is an authorization request that says nothing but
// who and which, RFC 9126 4.
func TestPastedPushPrintsALink(t *testing.T) {
	p := &pages{Config: demo(), base: issuer, port: "8484", demo: true}
	answer := `{"request_uri":"urn:ietf:params:oauth:request_uri:a-b_c","expires_in":90}`
	args, out := shell(t, answer, p.pushed()[0].Shell)
	want := "-s http://localhost:8484/oauth/par -d response_type=code -d client_id=timesheets-mobile --data-urlencode redirect_uri=http://localhost:8484/callback --data-urlencode scope=" + p.Scope + " -d code_challenge_method=S256 -d code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if got := strings.Join(args, " "); got != want {
		t.Errorf("sent\n%s\nwant\n%s", got, want)
	}
	link := "http://localhost:8484/authorize?client_id=timesheets-mobile&request_uri=urn:ietf:params:oauth:request_uri:a-b_c"
	if out != answer+"\n"+link+"\n" {
		t.Errorf("printed\n%s", out)
	}
	// An error has no link in it.
	if _, out := shell(t, `{"error":"invalid_request"}`, p.pushed()[0].Shell); strings.Contains(out, "urn:") {
		t.Errorf("a link out of an error:\n%s", out)
	}
	if p.demo = false; p.pushed() != nil {
		t.Error("a command for a client that cannot come back")
	}
}
