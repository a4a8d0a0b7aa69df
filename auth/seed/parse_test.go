package seed

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// good has one of everything, so that a case below can spoil one thing of it.
// Its lines are counted from 1 at "roles".
const good = `roles:
  - id: clerk
    permissions: [read]
apis:
  - identifier: "{base}/api"
    name: Files
    scopes:
      - name: read
        title: Read files
people:
  - id: usr_a
    email: a@example.com
    name: A
    password: long enough
    roles: [clerk]
    reports_to: usr_b
  - id: usr_b
    email: b@example.com
    name: B
    password: long enough
clients:
  - id: spa
    name: Spa
    kind: browser
    redirect_uris: [https://spa.example.com/cb]
    grants: [authorization_code]
    scopes: [openid, read]
  - id: job
    name: Job
    kind: machine
    secret: 0123456789abcdef0123456789abcdef
    grants: [client_credentials]
    scopes: [read]
`

func TestGoodDocument(t *testing.T) { parsed(t, good) }

// spoil replaces one line of good, counted from 1, by others.
func spoil(line int, with ...string) string {
	lines := strings.SplitAfter(good, "\n")
	text := ""
	for _, w := range with {
		text += w + "\n"
	}
	lines[line-1] = text
	return strings.Join(lines, "")
}

func wantMistakes(t *testing.T, text string, want ...string) {
	t.Helper()
	_, err := Parse([]byte(text))
	var mistakes Errors
	if !errors.As(err, &mistakes) {
		t.Fatalf("error is %v, want Errors", err)
	}
	if diff := cmp.Diff(want, strings.Split(mistakes.Error(), "\n")); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func TestOneMistake(t *testing.T) {
	for _, c := range []struct {
		name string
		line int      // of good
		with []string // instead of it
		want []string
	}{
		{"unknown key", 19, []string{"    nmae: B"}, []string{
			`line 17: person "usr_b": name is missing`,
			`line 19: unknown key "nmae"; known here: id, email, name, password, roles, reports_to, show_on_login`,
		}},
		{"duplicate key", 19, []string{"    name: B", "    name: C"}, []string{`line 20: people[1].name is already set at line 19`}},
		{"number for text", 20, []string{"    password: 1234567890"}, []string{`line 20: people[1].password must be text; put it in quotes`}},
		{"date for text", 19, []string{"    name: 2001-01-01"}, []string{`line 19: people[1].name must be text; put it in quotes`}},
		{"text for a list", 15, []string{"    roles: clerk"}, []string{`line 15: people[0].roles must be a list`}},
		{"map in a list of text", 15, []string{"    roles: [{id: clerk}]"}, []string{`line 15: people[0].roles[0] must be text; put it in quotes`}},
		{"yes for true", 20, []string{"    password: long enough", "    show_on_login: yes"}, []string{`line 21: people[1].show_on_login must be true or false`}},
		{"no value", 19, []string{"    name:"}, []string{`line 19: people[1].name has no value`}},
		{"empty text", 19, []string{`    name: ""`}, []string{`line 19: person "usr_b": name is empty`}},
		{"alias", 19, []string{"    name: &n B", "    roles: [*n]"}, []string{`line 20: people[1].roles[0] is an alias; write the value out`}},

		{"role without permissions", 3, []string{"    name: Clerk"}, []string{`line 2: role "clerk": permissions is missing; a role without them gives nothing`}},
		{"unknown permission", 3, []string{"    permissions:", "      - read", "      - write"}, []string{`line 5: role "clerk": permission write is not a scope of any API`}},
		{"duplicate role", 3, []string{"    permissions: [read]", "  - id: clerk", "    permissions: [read]"}, []string{`line 4: role "clerk": id is already used at line 2`}},

		{"API without a name", 6, nil, []string{`line 5: API "{base}/api": name is missing`}},
		{"relative identifier", 5, []string{"  - identifier: files"}, []string{`line 5: API "files": identifier must be absolute, such as https://app.example.com/callback (RFC 6749 3.1.2)`}},
		{"unknown algorithm", 6, []string{"    name: Files", "    signing_alg: HS256"}, []string{`line 7: API "{base}/api": signing_alg must be ES256 or RS256`}},
		{"scope with a space", 8, []string{"      - name: read", "        title: Read files", "      - name: read all"},
			[]string{`line 10: scope "read all": name must be 1 to 100 printable ASCII characters without space, " and \ (RFC 6749 3.3)`}},
		{"scope of the server", 8, []string{"      - name: read", "        title: Read files", "      - name: openid"}, []string{`line 10: scope "openid": name is one of the server's own scopes`}},
		{"scope twice", 8, []string{"      - name: read", "        title: Read files", "      - name: read"}, []string{`line 10: scope "read": name is already used at line 8`}},
		{"scope without title", 9, nil, []string{`line 8: scope "read": title is missing`}},

		{"id with a space", 17, []string{"  - id: usr b"}, []string{
			`line 16: person "usr_a": reports_to names usr_b, and no person has that id`,
			`line 17: person "usr b": id must be 1 to 100 of the characters A-Z a-z 0-9 . _ -`,
		}},
		{"id too long", 28, []string{"  - id: " + strings.Repeat("x", 101)}, []string{`line 28: client "` + strings.Repeat("x", 80) + `…": id must be 1 to 100 of the characters A-Z a-z 0-9 . _ -`}},
		{"duplicate person", 17, []string{"  - id: usr_a"}, []string{
			`line 16: person "usr_a": reports_to names usr_b, and no person has that id`,
			`line 17: person "usr_a": id is already used at line 11`,
		}},
		{"no e-mail", 18, []string{"    email: bexample.com"}, []string{`line 18: person "usr_b": email is not an address like ada@example.com`}},
		{"e-mail with a name", 18, []string{"    email: B <b@example.com>"}, []string{`line 18: person "usr_b": email is not an address like ada@example.com`}},
		{"e-mail in other letters", 18, []string{"    email: A@Example.com"}, []string{`line 18: person "usr_b": email is already used at line 12; letter case and the spelling of the domain (xn--) make no difference`}},
		{"unknown role", 15, []string{"    roles:", "      - clerk", "      - chief"}, []string{`line 17: person "usr_a": role chief is not declared`}},
		{"role twice", 15, []string{"    roles: [clerk, clerk]"}, []string{`line 15: person "usr_a": roles names clerk twice`}},
		{"unknown superior", 16, []string{"    reports_to: usr_x"}, []string{`line 16: person "usr_a": reports_to names usr_x, and no person has that id`}},
		{"own superior", 16, []string{"    reports_to: usr_a"}, []string{`line 16: person "usr_a": reports_to leads back to the same person: usr_a`}},
		{"ring", 20, []string{"    password: long enough", "    reports_to: usr_a"}, []string{`line 16: person "usr_a": reports_to leads back to the same person: usr_b → usr_a`}},
		{"short password", 20, []string{"    password: seven77"}, []string{`line 20: person "usr_b": password has 7 characters, and needs 8`}},
		{"long password", 20, []string{"    password: " + strings.Repeat("x", 1025)}, []string{`line 20: person "usr_b": password is longer than 1024 bytes`}},
		{"line break in a name", 19, []string{`    name: "B\nC"`}, []string{`line 19: person "usr_b": name has a line break or another control character in it`}},

		{"unknown kind", 24, []string{"    kind: spa"}, []string{`line 24: client "spa": kind must be native, browser, web, machine or resource_server`}},
		{"public with a secret", 24, []string{"    kind: browser", "    secret: 0123456789abcdef0123456789abcdef"}, []string{`line 25: client "spa": secret must be left out; a browser client cannot keep one`}},
		{"confidential without", 31, nil, []string{`line 28: client "job": secret is missing; make one with: openssl rand -hex 32`}},
		{"short secret", 31, []string{"    secret: 0123456789abcdef0123456789abcde"}, []string{`line 31: client "job": secret has 31 characters, and needs 32; make one with: openssl rand -hex 32`}},
		{"secret beyond ASCII", 31, []string{"    secret: ü0123456789abcdef0123456789abcdef"}, []string{`line 31: client "job": secret must be printable ASCII; make one with: openssl rand -hex 32`}},
		{"unknown grant", 26, []string{"    grants: [authorization_code, password]"}, []string{`line 26: client "spa": grant password is unknown; there are authorization_code, refresh_token, urn:ietf:params:oauth:grant-type:device_code, client_credentials`}},
		{"grant of other kinds", 26, []string{"    grants: [authorization_code, client_credentials]"}, []string{`line 26: client "spa": grant client_credentials is not for a browser client`}},
		{"refresh alone", 26, []string{"    grants: [refresh_token]"}, []string{
			`line 25: client "spa": redirect_uris must be left out; without the grant authorization_code nobody is sent back`,
			`line 26: client "spa": grant refresh_token needs authorization_code, or the device grant, beside it`,
		}},
		{"no grants", 26, nil, []string{
			`line 22: client "spa": grants is missing; a browser client can have authorization_code, refresh_token, urn:ietf:params:oauth:grant-type:device_code`,
			`line 25: client "spa": redirect_uris must be left out; without the grant authorization_code nobody is sent back`,
		}},
		{"unknown scope", 27, []string{"    scopes: [openid, write]"}, []string{`line 27: client "spa": scope write is not declared by any API`}},
		{"offline without refresh", 27, []string{"    scopes: [offline_access]"}, []string{`line 27: client "spa": scope offline_access needs the grant refresh_token`}},
		{"machine with a person's scope", 33, []string{"    scopes: [openid]"}, []string{`line 33: client "job": scope openid is about a person, and nobody signs in to a machine client`}},
		{"no scopes", 33, []string{"    scopes: []"}, []string{`line 33: client "job": scopes is empty; name what the client can ask for at most`}},
		{"no redirect URI", 25, nil, []string{`line 22: client "spa": redirect_uris is missing; say where people are sent back to`}},
		{"bad redirect URI", 25, []string{"    redirect_uris:", "      - https://spa.example.com/cb", "      - http://spa.example.com/cb"},
			[]string{`line 27: client "spa": redirect URI must be https; http is for localhost, 127.0.0.1 and [::1]`}},
		{"bad post-logout URI", 25, []string{"    redirect_uris: [https://spa.example.com/cb]", "    post_logout_redirect_uris: ['https://spa.example.com/#x']"},
			[]string{`line 26: client "spa": post-logout URI must not have a fragment, and no bare # either (RFC 6749 3.1.2)`}},
		{"an app without PKCE", 27, []string{"    scopes: [openid, read]", "    require_pkce: false"}, []string{`line 28: client "spa": require_pkce: false is for clients with a secret; a browser client has only PKCE to protect its code`}},
		{"pushed requests of a machine", 33, []string{"    scopes: [read]", "    require_pushed_authorization_requests: true"}, []string{`line 34: client "job": require_pushed_authorization_requests must be left out; without the grant authorization_code there is no authorization request`}},
		{"introspection by an app", 27, []string{"    scopes: [openid]", "    introspect: true"}, []string{`line 28: client "spa": introspect is for clients with a secret; a browser client cannot prove who asks`}},
		{"ID token algorithm", 27, []string{"    scopes: [openid]", "    id_token_signed_response_alg: none"}, []string{`line 28: client "spa": id_token_signed_response_alg must be RS256 or ES256`}},
		{"method of the other kinds", 27, []string{"    scopes: [openid]", "    token_endpoint_auth_methods: [client_secret_post]"}, []string{`line 28: client "spa": token_endpoint_auth_methods of a browser client must be none`}},
		{"no method for a secret", 33, []string{"    scopes: [read]", "    token_endpoint_auth_methods: [none]"},
			[]string{`line 34: client "job": token_endpoint_auth_methods of a machine client must be client_secret_basic or client_secret_post or private_key_jwt`}},
		{"client named as a person", 28, []string{"  - id: usr_b"}, []string{`line 28: client "usr_b": id is also the id of a person, at line 17`}},
		{"resource server with rights", 30, []string{"    kind: resource_server"}, []string{
			`line 32: client "job": grants must be left out; a resource_server client gets no tokens`,
			`line 33: client "job": scopes must be left out; a resource_server client gets no tokens`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) { wantMistakes(t, spoil(c.line, c.with...), c.want...) })
	}
}

func TestStructure(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", []string{"line 1: the document is empty"}},
		{"only comments", "# nothing\n", []string{"line 1: the document is empty"}},
		{"null", "~\n", []string{"line 1: the document is empty"}},
		{"a list", "- a\n", []string{"line 1: the document must be keys with values"}},
		{"no API", "people: []\n", []string{"line 1: apis declares no API; there is nothing to protect"}},
		{"an empty list of APIs", "people: []\napis: []\n", []string{"line 2: apis declares no API; there is nothing to protect"}},
		{"unknown at the top", "\napi: []\napis: x\n", []string{"line 2: unknown key \"api\"; known here: roles, apis, people, clients", "line 3: apis must be a list"}},
		{"two documents", good + "---\nroles: []\n", []string{"line 34: a second document begins here; a configuration is one document"}},
		{"not UTF-8", "roles: []\n# \xff\n", []string{"line 2: not UTF-8 or UTF-16 text; save the file as UTF-8"}},
		{"too large", "# " + strings.Repeat("x", 1<<20), []string{"the document is larger than 1 MiB"}},
		{"indentation", "roles:\n  - id: a\n   name: b\n", []string{"line 3: not YAML: did not find expected '-' indicator"}},
		{"colon", "a: b: c\n", []string{"line 1: not YAML: mapping values are not allowed in this context"}},
		{"tab", "roles:\n\t- id: a\n", []string{"line 2: not YAML: found character that cannot start any token"}},
		{"a quote never closed", "roles: []\napis: \"\npeople: []\n", []string{"line 2: not YAML: found unexpected end of stream"}},
		{"a bracket never closed", "roles: []\napis: [a,\n  b\n", []string{"line 2: not YAML: did not find expected ',' or ']'"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantMistakes(t, c.text, c.want...) })
	}
}

// A list that cannot be read says nothing about the names in it, so only the
// cause is reported and not everything that refers to it.
func TestOneCauseOneMistake(t *testing.T) {
	wantMistakes(t, strings.Replace(good, "  - id: clerk\n    permissions: [read]\n", "  - id: 7\n    permissions: [read]\n", 1),
		"line 2: roles[0].id must be text; put it in quotes")
	wantMistakes(t, strings.Replace(good, "      - name: read\n", "      - name: 7\n", 1),
		"line 8: apis[0].scopes[0].name must be text; put it in quotes")
	wantMistakes(t, strings.Replace(good, "    scopes:\n      - name: read\n        title: Read files\n", "    scopes: read\n", 1),
		"line 7: apis[0].scopes must be a list")
	// A cause elsewhere excuses nothing.
	wantMistakes(t, strings.NewReplacer("title: Read files", "title: 7", "permissions: [read]", "permissions: [write]").Replace(good),
		`line 3: role "clerk": permission write is not a scope of any API`, "line 9: apis[0].scopes[0].title must be text; put it in quotes")
}

func TestEveryMistakeAtOnce(t *testing.T) {
	text := strings.NewReplacer("long enough", "short", "kind: machine", "kind: robot", "title: Read files", "titel: Read files").Replace(good)
	wantMistakes(t, text,
		`line 8: scope "read": title is missing`,
		`line 9: unknown key "titel"; known here: name, title, description, default, warning`,
		`line 14: person "usr_a": password has 5 characters, and needs 8`,
		`line 20: person "usr_b": password has 5 characters, and needs 8`,
		`line 30: client "job": kind must be native, browser, web, machine or resource_server`,
	)
}

// What a person would take for one address, and sign-in does too, is one.
func TestAddressesThatLookAlike(t *testing.T) {
	wantMistakes(t, strings.NewReplacer("a@example.com", "A@example.com", "b@example.com", "𝔸@EXAMPLE.com").Replace(good),
		`line 18: person "usr_b": email is already used at line 12; letter case and the spelling of the domain (xn--) make no difference`)
}

func TestMistakesKeepSecrets(t *testing.T) {
	_, err := Parse([]byte(strings.NewReplacer("long enough", "hunter2", "0123456789abcdef0123456789abcdef", "hunter22").Replace(good)))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password or secret is in the message:\n%v", err)
	}
}

func TestDeclaredPostLogoutURIsStay(t *testing.T) {
	for text, want := range map[string][]string{
		"post_logout_redirect_uris: []":                              {},
		"post_logout_redirect_uris: ['https://spa.example.com/bye']": {"https://spa.example.com/bye"},
		"description: none declared":                                 {"https://spa.example.com", "https://spa.example.com/"},
	} {
		doc := parsed(t, spoil(24, "    kind: browser", "    "+text))
		if got := doc.Clients[0].PostLogoutRedirectURIs; !slices.Equal(got, want) {
			t.Errorf("with %q they are %q, want %q", text, got, want)
		}
	}
}

// FuzzParse: whatever comes in, either a document that keeps its promises or
// mistakes that can be printed.
func FuzzParse(f *testing.F) {
	f.Add(Builtin())
	f.Add([]byte(good))
	f.Add([]byte("a: &x [*x]\n"))
	f.Add([]byte("? [a]\n: {b: !!binary x}\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Parse(data)
		var mistakes Errors
		switch {
		case err == nil && len(doc.APIs) == 0:
			t.Error("a document without an API was accepted")
		case err != nil && (!errors.As(err, &mistakes) || len(mistakes) == 0 || err.Error() == ""):
			t.Errorf("refused without saying why: %v", err)
		}
	})
}
