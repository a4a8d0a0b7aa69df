package stories

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// RFC 6531: addresses beyond ASCII can be picked from the list, typed and
// hinted. A browser is apt to refuse what is before the @ and to rewrite what is
// after it; whoever is meant signs in all the same.
func TestAddressesBeyondASCII(t *testing.T) {
	example, err := exec.Command(binary, "config", "example").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("ada@example.com", "ada@bücher.example", "alan@example.com", "jürgen@example.com", "-secret\n", "-secret-0123456789abcdef0123456789abcdef\n").Replace(string(example))
	config := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	base, running := serve(t, "--config", config), chromium(t)
	const field = `input[name=email]`
	for _, way := range []struct {
		name, who string
		to        func(p *phone)
	}{
		{"picked, domain", "Ada Lovelace", func(p *phone) { p.pick("Ada Lovelace") }},
		{"picked, local part", "Alan Turing", func(p *phone) { p.pick("Alan Turing") }},
		{"typed as it is", "Ada Lovelace", func(p *phone) { p.open("/login"); p.fill(field, "ada@bücher.example") }},
		{"typed as a browser writes it", "Ada Lovelace", func(p *phone) { p.open("/login"); p.fill(field, "ADA@xn--bcher-kva.example") }},
		{"typed with a combining mark", "Alan Turing", func(p *phone) { p.open("/login"); p.fill(field, "Ju\u0308rgen@example.com") }},
		{"hinted", "Alan Turing", func(p *phone) {
			p.open("/authorize?" + url.Values{"client_id": {"timesheets-mobile"}, "redirect_uri": {"http://127.0.0.1:9/callback"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
				"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "login_hint": {"jürgen@example.com"}}.Encode())
			p.until(`document.querySelector("` + field + `").value === "jürgen@example.com"`)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			p := newPhone(t, running, base)
			way.to(p)
			p.fill("input[name=password]", "timesheets")
			// As a person sends it: what the browser finds wrong is not sent.
			p.until(`(() => { const form = document.querySelector("form:has(input[name=password])"); if (!form.reportValidity()) return false; form.requestSubmit(); return true; })()`)
			p.until(`!document.querySelector("input[name=password]") && document.body.innerText.includes("` + way.who + `")`)
		})
	}
}

// pick chooses somebody from the list on the login page.
func (p *phone) pick(name string) {
	p.t.Helper()
	p.open("/login")
	p.until(`(() => { const a = [...document.querySelectorAll(".people a")].find(a => a.innerText.includes("` + name + `")); a?.click(); return a; })()`)
	p.until(`document.querySelector("input[name=email]")?.value.includes("@")`)
}
