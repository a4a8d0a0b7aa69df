package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/ory/fosite"
)

// clientColumns are the columns of the table clients that a declaration sets,
// lists last. lists() has the same order.
const clientColumns = `id, name, kind, description, secret_hash, id_token_alg, require_pkce, require_par, dpop_bound, jwks, introspect, source, created_at,
	redirect_uris, post_logout_redirect_uris, grants, scopes, audience, auth_methods`

// expiryColumn follows them where clients are read, together with the tables
// to read from.
const expiryColumn = `, expires_at FROM clients LEFT JOIN registrations ON client_id = id`

// GetClient implements fosite.ClientManager. Errors: fosite.ErrNotFound, also
// for a disabled client.
func (s *Store) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	client, err := s.Client(ctx, id)
	if err != nil {
		return nil, err // not the typed nil: fosite compares with nil
	}
	return client, nil
}

// Client returns an enabled client, which the caller may change. Errors:
// fosite.ErrNotFound, also for a disabled client.
func (s *Store) Client(ctx context.Context, id string) (*Client, error) {
	client, generation := s.clients.get(id)
	if client != nil {
		return s.unexpired(client.clone())
	}
	client, err := scanClient(s.base, func(dest ...any) error {
		return s.one(ctx, `SELECT `+clientColumns+expiryColumn+` WHERE id = ? AND disabled_at IS NULL`, []any{id}, dest...)
	})
	if err != nil {
		return nil, err
	}
	s.clients.put(generation, client.clone())
	return s.unexpired(client)
}

// AsRegistered belongs in a unit. It reads a client at the moment when the
// unit is written, and the unit fails with the error of check. check gets
// fosite.ErrNotFound if there is no such client or it is disabled.
func (s *Store) AsRegistered(ctx context.Context, id string, check func(*Client, error) error) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		client, err := scanClient(s.base, tx.QueryRow(`SELECT `+clientColumns+expiryColumn+` WHERE id = ? AND disabled_at IS NULL`, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			err = fosite.ErrNotFound
		}
		if err == nil {
			client, err = s.unexpired(client)
		}
		return check(client, err)
	})
}

// unexpired refuses a client whose registration has expired, whether or not it
// was already purged.
func (s *Store) unexpired(client *Client) (*Client, error) {
	if !client.ExpiresAt.IsZero() && !s.now().Before(client.ExpiresAt) {
		return nil, fosite.ErrNotFound
	}
	return client, nil
}

// Clients returns the enabled clients: the declared ones in the order of their
// declaration, then the others by age.
func (s *Store) Clients(ctx context.Context) ([]Client, error) { return s.list(ctx, `true`) }

// ClientsAt returns the clients that have an origin in a redirect URI, and
// maybe some for which it is only a part of one. It is called for every
// cross-origin request, and strangers can register many clients, so it must
// not read them all.
func (s *Store) ClientsAt(ctx context.Context, origin string) ([]Client, error) {
	stored := origin
	if origin == s.base {
		stored = "{base}"
	}
	return s.list(ctx, `(instr(redirect_uris, ?) > 0 OR instr(redirect_uris, ?) > 0)`, origin, stored)
}

func (s *Store) list(ctx context.Context, where string, args ...any) ([]Client, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+clientColumns+expiryColumn+` WHERE disabled_at IS NULL AND (expires_at IS NULL OR expires_at > ?) AND `+where+`
		ORDER BY position IS NULL, position, created_at, id`, append([]any{s.now().UnixMilli()}, args...)...)
	if err != nil {
		return nil, readError(ctx, err)
	}
	defer rows.Close()
	var out []Client
	for rows.Next() {
		client, err := scanClient(s.base, rows.Scan)
		if err != nil {
			return nil, readError(ctx, err)
		}
		out = append(out, *client)
	}
	return out, readError(ctx, rows.Err())
}

func scanClient(base string, scan func(dest ...any) error) (*Client, error) {
	var (
		c       Client
		created sql.NullInt64
		expires sql.NullInt64
		stored  [6]string
	)
	dest := []any{&c.ID, &c.Name, &c.Kind, &c.Description, &c.SecretHash, &c.IDTokenAlg, &c.RequirePKCE, &c.RequirePAR, &c.DPoPBound, &c.JWKS, &c.Introspect, &c.Source, &created}
	for i := range stored {
		dest = append(dest, &stored[i])
	}
	if err := scan(append(dest, &expires)...); err != nil {
		return nil, err
	}
	for i, field := range c.lists() {
		*field = items(stored[i])
	}
	c.CreatedAt, c.ExpiresAt = moment(created), moment(expires)
	c.expand(base)
	return &c, nil
}

const upsertClient = `INSERT INTO clients (` + clientColumns + `, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, description = excluded.description,
	secret_hash = excluded.secret_hash, id_token_alg = excluded.id_token_alg, require_pkce = excluded.require_pkce,
	require_par = excluded.require_par, dpop_bound = excluded.dpop_bound, jwks = excluded.jwks,
	introspect = excluded.introspect, source = excluded.source, redirect_uris = excluded.redirect_uris,
	post_logout_redirect_uris = excluded.post_logout_redirect_uris, grants = excluded.grants, scopes = excluded.scopes,
	audience = excluded.audience, auth_methods = excluded.auth_methods, position = excluded.position, disabled_at = NULL`

// ApplyClients brings the clients up to date with a declaration, all or
// nothing. Declared clients are stored as declared, and enabled. Clients that
// were declared earlier but not now are disabled, and all their grants are
// revoked. Clients registered at run time stay. Source and CreatedAt of the
// declared clients are ignored. It returns the ids that it disabled, sorted;
// inside a unit, where they are not known yet, it returns none.
func (s *Store) ApplyClients(ctx context.Context, declared []Client) (disabled []string, err error) {
	now := s.now().UnixMilli()
	ids := make([]string, len(declared))
	rows := make([][]any, len(declared))
	after := []func(){s.clients.clear}
	for i, c := range declared {
		if slices.Contains(ids[:i], c.ID) {
			return nil, fmt.Errorf("client %q is declared twice", c.ID)
		}
		ids[i], rows[i] = c.ID, c.row(now, SourceConfig, i)
		after = append(after, s.wrote(ctx, "upsert", "clients", "client", c.ID))
	}
	var revoked int64
	after = append(after, func() {
		for _, id := range disabled {
			s.wrote(ctx, "disable", "clients", "client", id)()
		}
		if revoked > 0 {
			s.wrote(ctx, "revoke", "families", "grants of clients", list(disabled), slog.Int64("rows", revoked))()
		}
	})
	err = s.write(ctx, func(tx *sql.Tx) (err error) {
		for _, row := range rows {
			if _, err := tx.Exec(upsertClient, row...); err != nil {
				return fmt.Errorf("store client %q: %w", row[0], err)
			}
		}
		if disabled, err = disableOthers(tx, ids, now); err != nil || len(disabled) == 0 {
			return err
		}
		done, err := tx.Exec(`UPDATE families SET revoked_at = ? WHERE revoked_at IS NULL AND client_id IN (SELECT value FROM json_each(?))`, now, list(disabled))
		if err != nil {
			return fmt.Errorf("revoke the grants of clients: %w", err)
		}
		revoked, err = done.RowsAffected()
		return err
	}, after...)
	if err != nil {
		return nil, err
	}
	return disabled, nil
}

// disableOthers disables the clients of an earlier declaration.
func disableOthers(tx *sql.Tx, declared []string, now int64) (gone []string, err error) {
	rows, err := tx.Query(`UPDATE clients SET disabled_at = ? WHERE source = 'config' AND disabled_at IS NULL
		AND id NOT IN (SELECT value FROM json_each(?)) RETURNING id`, now, list(declared))
	if err != nil {
		return nil, fmt.Errorf("disable clients: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("disable clients: %w", err)
		}
		gone = append(gone, id)
	}
	slices.Sort(gone)
	return gone, rows.Err()
}

// row returns a client as upsertClient takes it. position is its place in the
// declaration, nil for a client that registered itself.
func (c Client) row(now int64, source string, position any) []any {
	if c.IDTokenAlg == "" {
		c.IDTokenAlg = "RS256" // OIDC Core 2: the default, which every relying party supports
	}
	row := []any{c.ID, c.Name, c.Kind, c.Description, c.SecretHash, c.IDTokenAlg, c.RequirePKCE, c.RequirePAR, c.DPoPBound, c.JWKS, c.Introspect, source, now}
	for _, field := range c.lists() {
		row = append(row, list(*field))
	}
	return append(row, position)
}

// clientCache keeps clients as they were loaded, because a token request reads
// the same client several times. After another process has changed them,
// Forget has to be called.
type clientCache struct {
	mu         sync.RWMutex
	generation uint64 // grows with each clear, so that a value read before a clear is not put back after it
	byID       map[string]*Client
}

// maxCached bounds the cache if many clients register themselves.
const maxCached = 1000

func (c *clientCache) get(id string) (*Client, uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byID[id], c.generation
}

func (c *clientCache) put(generation uint64, client *Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if len(c.byID) >= maxCached {
		clear(c.byID)
	}
	c.byID[client.ID] = client
}

func (c *clientCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.byID)
}
