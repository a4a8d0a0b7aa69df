package site

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views"
)

// shell runs commands as somebody would who pastes them, with a curl that
// writes each of its arguments to a line of standard error and gives answer,
// and a punchcard that does nothing.
func shell(t *testing.T, answer, script string) (args []string, out string) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal("the commands are for a POSIX shell: ", err)
	}
	cmd := exec.CommandContext(t.Context(), sh, "-euc", `curl() { for a in "$@"; do printf '%s\n' "$a" >&2; done; printf '%s' "$GIVEN"; }; punchcard() { :; }`+"\n"+script)
	cmd.Env = append(cmd.Environ(), "GIVEN="+answer)
	var stderr, stdout strings.Builder
	cmd.Stderr, cmd.Stdout = &stderr, &stdout
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, stderr.String())
	}
	return strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n"), stdout.String()
}

const tokens = `{"access_token":"at.1-2_3","expires_in":900,"id_token":"eyJ.x","refresh_token":"pcr_9-_z","scope":"a b","token_type":"Bearer"}`

func TestPastedCommandsTellTheStory(t *testing.T) {
	c := demo()
	c.Introduce = func(*http.Request) (views.Start, error) {
		return views.Start{Clients: []views.StartClient{
			{ID: "timesheets-mobile", Kind: "native, public"},
			{ID: "timesheets-cron", Kind: "machine", Secret: "it's a $ecret"},
			{ID: "timesheets-gateway", Kind: "resource server", Secret: "gateway-secret"},
		}}, nil
	}
	pre := blocks(t, get(c, "/").Body.String())
	if len(pre) != 10 || pre[0] != "punchcard login\npunchcard list\npunchcard token --decode" {
		t.Fatalf("%d commands, the first is %q", len(pre), pre[0])
	}
	args, _ := shell(t, tokens, strings.Join(pre, "\n"))
	got := strings.Join(args, " ")
	for _, want := range []string{
		"-s http://localhost:8484/.well-known/openid-configuration",
		"-s http://localhost:8484/oauth/par -d response_type=code",
		"-u timesheets-cron:it's a $ecret -d grant_type=client_credentials http://localhost:8484/oauth/token",
		"-H Authorization: Bearer at.1-2_3 http://localhost:8484/api/me",
		"-H Authorization: Bearer at.1-2_3 http://localhost:8484/api/timesheets",
		"-u timesheets-gateway:gateway-secret -d token=at.1-2_3 http://localhost:8484/oauth/introspect",
		"-u timesheets-cron:it's a $ecret -d token=at.1-2_3 http://localhost:8484/oauth/revoke",
		"-H DPoP: eyJ",
		"-d grant_type=client_credentials http://localhost:8484/oauth/token",
		"-H Authorization: DPoP at.1-2_3 -H DPoP: eyJ",
		"http://localhost:8484/api/me",
	} {
		at := strings.Index(got, want)
		if at < 0 {
			t.Fatalf("%q does not come next in\n%s", want, got)
		}
		got = got[at:]
	}
}

// A secret that is not public is not on the page, and a command without it
// could not be pasted.
func TestCommandsNeedAPublicSecret(t *testing.T) {
	c := demo()
	c.Introduce = func(*http.Request) (views.Start, error) {
		return views.Start{Clients: []views.StartClient{{ID: "cron", Kind: "machine"}, {ID: "gateway", Kind: "resource server"}}}, nil
	}
	if pre := blocks(t, get(c, "/").Body.String()); len(pre) != 2 || !strings.Contains(pre[0], "openid-configuration") || !strings.Contains(pre[1], "/oauth/par") {
		t.Errorf("commands %q", pre)
	}
}

func TestPastedExchangeReadsAndRefreshes(t *testing.T) {
	p := &pages{Config: demo(), base: issuer, port: "8484"}
	script := p.exchange("c0de", "v3rifier")
	for _, c := range p.next() {
		script += "\n" + c.Shell
	}
	args, out := shell(t, tokens, script)
	got := strings.Join(args, " ")
	for _, want := range []string{
		"-s http://localhost:8484/oauth/token -d grant_type=authorization_code -d client_id=timesheets-mobile --data-urlencode redirect_uri=http://localhost:8484/callback --data-urlencode code=c0de -d code_verifier=v3rifier",
		"-H Authorization: Bearer at.1-2_3 http://localhost:8484/api/timesheets",
		"-d grant_type=refresh_token -d client_id=timesheets-mobile -d refresh_token=pcr_9-_z",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if !strings.HasPrefix(out, tokens+"\n") {
		t.Errorf("the answer is not shown: %s", out)
	}
}

// What comes with the callback is text to the shell, whatever it says.
func TestPastedCommandRunsNothingOfAStranger(t *testing.T) {
	for _, code := range []string{`'; touch pwned; '`, "$(touch pwned)", "`id`", "a b\tc", `\`, `"`, "x'y'z", "", "-o/tmp/x", "*"} {
		p := &pages{Config: demo(), base: issuer, port: "8484"}
		args, _ := shell(t, tokens, p.exchange(code, "v"))
		if got := strings.Join(args, "\n"); !strings.Contains(got, "\ncode="+code+"\n-d\n") {
			t.Errorf("code %q arrives as\n%s", code, got)
		}
	}
}

// An error has no token in it: nothing of it is sent on as one.
func TestPastedCommandTakesNoTokenFromAnError(t *testing.T) {
	args, _ := shell(t, `{"error":"invalid_grant","error_description":"no \"access_token\" for you"}`, `ANSWER=$(curl); `+takeToken+`; curl "<$TOKEN>"`)
	if last := args[len(args)-1]; last != "<>" {
		t.Errorf("%s is taken for a token", last)
	}
}
