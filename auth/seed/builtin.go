package seed

import (
	"bytes"
	_ "embed"
	"slices"
	"sync"
)

//go:embed punchcard.yaml
var builtin []byte

// Builtin returns the embedded document as YAML. Its passwords and secrets are
// public.
func Builtin() []byte { return bytes.Clone(builtin) }

// demo is what the embedded document gives away.
var demo = sync.OnceValue(func() (d struct{ passwords, secrets []string }) {
	doc, err := Parse(builtin)
	if err != nil {
		panic("the embedded configuration is wrong:\n" + err.Error())
	}
	for _, p := range doc.People {
		d.passwords = append(d.passwords, p.Password)
	}
	for _, c := range doc.Clients {
		if c.Secret != "" {
			d.secrets = append(d.secrets, c.Secret)
		}
	}
	return d
})

// DemoCredentials returns the IDs of the people and clients, in the document's
// order, whose password or secret is one that the embedded document has made
// public. Such a document must not be served to other machines unawares.
func (d *Document) DemoCredentials() []string {
	public := demo()
	var ids []string
	for _, p := range d.People {
		if slices.Contains(public.passwords, p.Password) {
			ids = append(ids, p.ID)
		}
	}
	for _, c := range d.Clients {
		if slices.Contains(public.secrets, c.Secret) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
