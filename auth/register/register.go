package register

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// Register is the client registration endpoint, RFC 7591 3. On a server that
// only this machine can reach it is open; elsewhere it takes an initial access
// token.
func (s *Registrar) Register(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	initial, err := s.mayRegister(r)
	if err != nil {
		return err
	}
	c, rerr := s.registrant(w, r, initial != "")
	if rerr != nil {
		return rerr
	}
	if err := c.complete(); err != nil {
		return err
	}
	// Counted when all else is well: whoever corrects a mistake has not to wait.
	if wait := s.floods.Admit(limit.Network(s.Source(r)), s.Now(), true); !s.check(ctx, rules.RegistrationsPaced, wait == 0, "fewer from one place, and from all", "wait "+wait.String()) {
		return tooManyRegistrations(wait)
	}
	id, secret, token := oauth.ClientIDPrefix+oauth.RandomToken("")[:22], "", oauth.RandomToken(oauth.RegistrationPrefix)
	client := s.runtimeClient(id, c.meta)
	if c.meta.secretive() {
		secret = oauth.RandomToken(oauth.SecretPrefix)
		client.SecretHash = store.HashSecret(secret)
	}
	metadata, err := json.Marshal(c.meta)
	if err != nil {
		return err
	}
	registration := store.Registration{TokenHash: ledger.Hash(token), Metadata: string(metadata), Vouched: c.vouched, RegisteredAt: s.Now(), ExpiresAt: s.Now().Add(unusedFor)}
	if err := s.storeRegistration(ctx, client, registration, initial); err != nil {
		return err
	}
	s.check(ctx, rules.ClientRegistered, true, "as it asked", id+" as "+client.Kind)
	oauth.WriteJSON(w, http.StatusCreated, s.information(id, registration, c.meta, secret, token))
	return nil
}

// mayRegister lets in who may register a client, and returns the initial
// access token that the request carries, "" for none.
func (s *Registrar) mayRegister(r *http.Request) (initial string, err error) {
	if r.Header.Get("Authorization") == "" && s.Open {
		// RFC 7591 5: open means for programs on this machine. A page from
		// elsewhere that is shown in a browser here is none of them.
		origin := r.Header.Get("Origin")
		if !s.check(r.Context(), rules.RegistrationLocal, origin == "" || s.Local(r, origin), "a program or page of this machine", origin) {
			e := oauth.NewError("access_denied", "Only programs and pages of this machine register without an initial access token.")
			e.Status = http.StatusForbidden
			return "", e
		}
		return "", nil
	}
	initial, err = oauth.Bearer(r)
	if e := asErrorOf(err); e != nil && e.Code == "" {
		s.check(r.Context(), rules.InitialTokenSent, false, "a bearer token", "none")
		return "", refusedToken("Registration needs an initial access token here; whoever runs this server makes one with: punchcard registration token.")
	}
	return initial, err
}

func asErrorOf(err error) *oauth.Error {
	var e *oauth.Error
	errors.As(err, &e)
	return e
}

func refusedToken(description string) *oauth.Error {
	e := oauth.NewError("invalid_token", description)
	e.Scheme = "Bearer"
	return e
}

// registrant reads what a client says of itself.
func (s *Registrar) registrant(w http.ResponseWriter, r *http.Request, vouched bool) (*registrant, *oauth.Error) {
	// A form of another site can't send this type without asking first.
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		e := oauth.NewError("invalid_client_metadata", "Send the metadata as application/json, not as "+oauth.Printable(ledger.Clip(oauth.ContentKind(kind)))+".") // RFC 7591 3.1
		e.Status = http.StatusUnsupportedMediaType
		return nil, e
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMetadata))
	if err != nil {
		e := oauth.NewError("invalid_client_metadata", "The body cannot be read.").Because(err)
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			e = oauth.NewError("invalid_client_metadata", "The metadata of a client may hold 16 KiB.")
			e.Status = http.StatusRequestEntityTooLarge
		}
		return nil, e
	}
	c := &registrant{Registrar: s, ctx: r.Context(), vouched: vouched, meta: &clientMetadata{}}
	// Strictly: with a name sent twice, two readers see two clients.
	if err := jsonv2.Unmarshal(body, &c.sent); err == nil && c.sent != nil {
		err = jsonv2.Unmarshal(body, c.meta)
		if err == nil {
			return c, nil
		}
	}
	return nil, s.unreadable(r.Context(), body, c)
}

// unreadable says why a body is no client metadata.
func (s *Registrar) unreadable(ctx context.Context, body []byte, c *registrant) *oauth.Error {
	s.check(ctx, rules.MetadataReadable, false, "an object with each name once, each value of its type", ledger.Fingerprint("body", string(body)))
	err := jsonv2.Unmarshal(body, c.meta)
	var wrong *jsonv2.SemanticError
	if errors.As(err, &wrong) && wrong.JSONPointer != "" {
		name, _, _ := strings.Cut(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/")
		code := "invalid_client_metadata"
		if name == "redirect_uris" {
			code = "invalid_redirect_uri"
		}
		return oauth.NewError(code, oauth.Printable(ledger.Clip(name))+" has a value of the wrong type.").Because(err)
	}
	return oauth.NewError("invalid_client_metadata", "The body must be one JSON object in UTF-8, with each name once.").Because(err)
}

// storeRegistration spends the initial access token and keeps what it was
// spent on, in one commit.
func (s *Registrar) storeRegistration(ctx context.Context, c store.Client, r store.Registration, initial string) error {
	err := s.Store.Unit(ctx, func(unit context.Context) error {
		if initial != "" {
			if err := s.Store.SpendInitialToken(unit, initial); err != nil {
				return err
			}
		}
		return s.Store.Register(unit, c, r)
	})
	switch {
	case errors.Is(err, store.ErrSpent):
		return refusedToken("The initial access token is unknown, used up or expired.").Because(err)
	case errors.Is(err, store.ErrFull):
		s.check(ctx, rules.RegistrationRoom, false, "fewer than are kept", "full")
		e := tooManyRegistrations(time.Hour).Because(err)
		e.Description = "As many clients are registered here as are kept. Unused ones go after a day."
		return e
	}
	return err
}

// information is the client information response of RFC 7591 3.2.1, and of
// RFC 7592 3.
type information struct {
	ID              string `json:"client_id"`
	IssuedAt        int64  `json:"client_id_issued_at"`
	Secret          string `json:"client_secret,omitempty"`
	SecretExpiresAt *int64 `json:"client_secret_expires_at,omitempty"` // RFC 7591 3.2.1: beside a secret; 0: never
	Token           string `json:"registration_access_token"`
	URI             string `json:"registration_client_uri"`
	*clientMetadata
}

func (s *Registrar) information(id string, r store.Registration, m *clientMetadata, secret, token string) information {
	out := information{ID: id, IssuedAt: r.RegisteredAt.Unix(), Secret: secret, Token: token, URI: s.address(id), clientMetadata: m}
	if secret != "" {
		out.SecretExpiresAt = new(int64)
	}
	return out
}
