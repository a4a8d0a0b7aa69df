package seed

import (
	"bytes"
	_ "embed"
	"maps"
	"slices"
	"sync"
)

//go:embed punchcard.yaml
var builtin []byte

// Builtin returns the embedded document as YAML. Its passwords and secrets are
// public.
func Builtin() []byte { return bytes.Clone(builtin) }

// demo has the public credentials of the embedded document; secrets are by
// client id.
var demo = sync.OnceValue(func() (d struct {
	passwords []string
	secrets   map[string]string
}) {
	doc, _, _ := readAll(builtin) // a test parses it in full
	for _, p := range doc.People {
		d.passwords = append(d.passwords, p.Password)
	}
	d.secrets = map[string]string{}
	for _, c := range doc.Clients {
		if c.Secret != "" {
			d.secrets[c.ID] = c.Secret
		}
	}
	return d
})

// isDemoSecret reports whether a client has the secret that the embedded
// document gives it.
func isDemoSecret(client Client) bool {
	return client.Secret != "" && demo().secrets[client.ID] == client.Secret
}

// DemoCredentials returns the IDs of the people and clients, in the document's
// order, whose password or secret is public because it is in the embedded
// document. Such a document must not be served to other machines by accident.
func (d *Document) DemoCredentials() []string {
	public := demo()
	var ids []string
	for _, p := range d.People {
		if slices.Contains(public.passwords, p.Password) {
			ids = append(ids, p.ID)
		}
	}
	for _, c := range d.Clients {
		if slices.Contains(slices.Collect(maps.Values(public.secrets)), c.Secret) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
