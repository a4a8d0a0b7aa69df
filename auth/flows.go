package auth

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
)

//go:embed migrations/*.sql
var migrations embed.FS

// flowLifetime is how long a login page may stay open. Nothing has been issued
// meanwhile; the app waits.
const flowLifetime = time.Hour

var (
	errNoFlow = errors.New("no such flow, or it has expired")
	errSpent  = errors.New("already decided or spent")
)

// parkFlow stores a validated request and returns its flow. browser is ""
// where the request came by a POST from another origin, without our cookie.
func (s *Server) parkFlow(ctx context.Context, kind string, request any, browser string) (*flow, error) {
	return s.parkFlowAs(ctx, oauth.RandomToken(""), kind, request, browser)
}

func (s *Server) parkFlowAs(ctx context.Context, handle, kind string, request any, browser string) (*flow, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	f := &flow{Handle: handle, Kind: kind, Browser: browser, CreatedAt: s.now().Truncate(time.Millisecond)}
	f.ID, f.Came = ledger.Hash(f.Handle), f.CreatedAt
	err = s.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO flows (id, kind, browser, request, created_at, expires_at) VALUES (?, ?, nullif(?, ''), ?, ?, ?)`,
			f.ID, kind, browser, string(body), f.CreatedAt.UnixMilli(), f.CreatedAt.Add(flowLifetime).UnixMilli())
		if err != nil {
			return err
		}
		return s.makeRoom(tx, waitingFlows)
	}, func() { s.stored(ctx, "insert", kind+" flow", f.ID) })
	return f, err
}

// stored reports a write, as the other storing rooms do.
func (s *Server) stored(ctx context.Context, op, kind, id string) {
	s.ledger.Wrote(ctx, op, "flows", kind, ledger.Short(id))
}

// loadFlow returns errNoFlow for a handle that is unknown or too old. request
// receives the stored request.
func (s *Server) loadFlow(ctx context.Context, kind, handle string, request any) (*flow, error) {
	f := &flow{ID: ledger.Hash(handle), Handle: handle, Kind: kind, Came: s.now().Truncate(time.Millisecond)}
	var (
		browser, compared, decided, subject, granted, selected, session, grant sql.NullString
		body                                                                   string
		created                                                                int64
		spent, answered                                                        sql.NullInt64
	)
	err := s.read.QueryRowContext(ctx, `SELECT browser, request, created_at, compared, decision, subject, granted, selected, spent_at, answered_in, answered_at, grant_id FROM flows WHERE id = ? AND kind = ? AND expires_at > ?`,
		f.ID, kind, s.now().UnixMilli()).Scan(&browser, &body, &created, &compared, &decided, &subject, &granted, &selected, &spent, &session, &answered, &grant)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoFlow
	}
	if err != nil {
		return nil, fmt.Errorf("load flow: %w", err)
	}
	if err := json.Unmarshal([]byte(body), request); err != nil {
		return nil, fmt.Errorf("load flow: %w", err)
	}
	f.Browser, f.Compared, f.Decision, f.Subject = browser.String, compared.String, decision(decided.String), subject.String
	f.Granted, f.Selected, f.Spent = strings.Fields(granted.String), selected.String, spent.Valid
	f.CreatedAt = time.UnixMilli(created)
	f.SpentAt, f.AnsweredAt, f.AnsweredIn, f.Grant = time.UnixMilli(spent.Int64), time.UnixMilli(answered.Int64), session.String, grant.String
	return f, nil
}

// bindFlow gives a parked flow to the first browser that asks for it.
func (s *Server) bindFlow(ctx context.Context, f *flow, browser string) error {
	err := s.once(ctx, f, "bind", `UPDATE flows SET browser = ? WHERE id = ? AND browser IS NULL`, browser, f.ID)
	if err == nil {
		f.Browser = browser
	}
	return err
}

// compareFlow keeps who said that the device shows the same code. Somebody
// else who signs in to this browser meanwhile is asked anew.
func (s *Server) compareFlow(ctx context.Context, f *flow, subject string) error {
	return s.once(ctx, f, "compare", `UPDATE flows SET compared = ? WHERE id = ? AND decision IS NULL AND spent_at IS NULL`, subject, f.ID)
}

// decideFlow keeps the person's answer. The second of two answers gets
// errSpent, also when both were sent at the same moment.
func (s *Server) decideFlow(ctx context.Context, f *flow, d decision, subject string, granted []string) error {
	return s.once(ctx, f, "decide", `UPDATE flows SET decision = ?, subject = ?, granted = ? WHERE id = ? AND decision IS NULL AND spent_at IS NULL`,
		string(d), subject, strings.Join(granted, " "), f.ID)
}

// spendFlow ends the flow. RFC 6749 10.5: one answer yields one code, however
// often the page is reloaded.
func (s *Server) spendFlow(ctx context.Context, f *flow) error {
	return s.once(ctx, f, "spend", `UPDATE flows SET spent_at = ? WHERE id = ? AND spent_at IS NULL`, s.now().UnixMilli(), f.ID)
}

// once is one compare-and-set on the flow: its row count decides.
func (s *Server) once(ctx context.Context, f *flow, op, query string, args ...any) error {
	return s.writer.Write(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(query, args...)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errSpent, err)
		}
		return nil
	}, func() { s.stored(ctx, op, f.Kind+" flow", f.ID) })
}
