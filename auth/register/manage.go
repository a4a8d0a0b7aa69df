package register

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// The client configuration endpoint, RFC 7592: a client reads, changes and
// removes its own registration, with the token that it got for that. The token
// stays the same: a client that lost the answer to an update could never come
// back with a rotated one.

// own finds the registration that the request is about. RFC 7592 2: an unknown
// client and a wrong token get the same 401, so nobody learns which clients
// there are.
func (s *Registrar) own(r *http.Request) (*store.Client, store.Registration, string, error) {
	token, err := oauth.Bearer(r)
	if e := asErrorOf(err); e != nil && e.Code == "" {
		err = refusedToken("Send the registration access token as a bearer token.")
	}
	if err != nil {
		return nil, store.Registration{}, "", err
	}
	id := r.PathValue("id")
	client, registration, err := s.Store.Registered(r.Context(), id, token)
	if err != nil && !errors.Is(err, fosite.ErrNotFound) {
		return nil, registration, "", err
	}
	if !s.check(r.Context(), rules.RegistrationToken, err == nil, "the token of "+ledger.Clip(id), ledger.Fingerprint("token", token)) {
		return nil, registration, "", refusedToken("There is no such registration, or this is not its token.").Because(err)
	}
	return client, registration, token, nil
}

// Read is RFC 7592 2.1. The secret is not in the answer: only its
// hash is kept.
func (s *Registrar) Read(w http.ResponseWriter, r *http.Request) error {
	client, registration, token, err := s.own(r)
	if err != nil {
		return err
	}
	var m clientMetadata
	if err := json.Unmarshal([]byte(registration.Metadata), &m); err != nil {
		return err
	}
	oauth.WriteJSON(w, http.StatusOK, s.information(client.ID, registration, &m, "", token))
	return nil
}

// Update is RFC 7592 2.2: it replaces everything, and what is left
// out is as if it had never been said.
func (s *Registrar) Update(w http.ResponseWriter, r *http.Request) error {
	client, registration, token, err := s.own(r)
	if err != nil {
		return err
	}
	c, rerr := s.registrant(w, r, registration.Vouched)
	if rerr != nil {
		return rerr
	}
	if err := c.sameClient(client); err != nil {
		return err
	}
	if err := c.complete(); err != nil {
		return err
	}
	changed, secret := s.runtimeClient(client.ID, c.meta), ""
	if c.meta.secretive() {
		changed.SecretHash = client.SecretHash
		if client.SecretHash == "" { // it has none yet
			secret = oauth.RandomToken(oauth.SecretPrefix)
			changed.SecretHash = store.HashSecret(secret)
		}
	}
	metadata, err := json.Marshal(c.meta)
	if err != nil {
		return err
	}
	// Under another name, or with another address to come back to, it is not
	// what people have agreed to: they are asked again.
	err = s.together(r.Context(), client.ID, func(unit context.Context) error { return s.Store.Reregister(unit, changed, string(metadata)) })
	if err != nil {
		return err
	}
	oauth.WriteJSON(w, http.StatusOK, s.information(client.ID, registration, c.meta, secret, token))
	return nil
}

// sameClient holds the members of an update that are no metadata against what
// they name.
func (c *registrant) sameClient(client *store.Client) *oauth.Error {
	text := func(name string) (value string) {
		_ = json.Unmarshal(c.sent[name], &value) // "" for what is no text
		return value
	}
	c.must(rules.UpdateOfClient, text("client_id") == client.ID, client.ID, text("client_id"), "client_id must be there, and be that of this registration.")
	if secret, sent := c.sent["client_secret"]; sent {
		c.must(rules.UpdateOfSecret, client.SecretMatches(text("client_secret")), "its secret", ledger.Fingerprint("secret", string(secret)), "client_secret must be the one that was issued; a client cannot choose it.")
	}
	for _, name := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		_, sent := c.sent[name]
		c.must(rules.UpdateAllowed, !sent, "no "+name, name, name+" must not be in an update.")
	}
	return c.err
}

// Delete is RFC 7592 2.3: the client and all that was granted to
// it end at once.
func (s *Registrar) Delete(w http.ResponseWriter, r *http.Request) error {
	client, _, _, err := s.own(r)
	if err != nil {
		return err
	}
	err = s.together(r.Context(), client.ID, func(unit context.Context) error { return s.Store.Deregister(unit, client.ID) })
	if err != nil {
		return err
	}
	s.check(r.Context(), rules.ClientDeregistered, true, "no grant of it left", client.ID)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// together changes a registration and forgets which consents to it are
// remembered, in one commit.
func (s *Registrar) together(ctx context.Context, clientID string, change func(unit context.Context) error) error {
	err := s.Store.Unit(ctx, func(unit context.Context) error {
		if err := change(unit); err != nil {
			return err
		}
		return s.People.ForgetClient(unit, clientID)
	})
	if errors.Is(err, fosite.ErrNotFound) { // another request has removed it a moment ago
		return refusedToken("There is no such registration, or this is not its token.").Because(err)
	}
	return err
}
