package auth

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/views"
)

// connectedApps is every client that can do something for a person: because it
// holds tokens, or because it could get some without asking.
func (s *Server) connectedApps(ctx context.Context, who *signedIn) ([]views.AccountApp, error) {
	grants, err := s.store.Grants(ctx, who.ID)
	if err != nil {
		return nil, err
	}
	consents, err := s.people.Consents(ctx, who.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range consents {
		if !slices.ContainsFunc(grants, func(g store.AppGrant) bool { return g.ClientID == c.ClientID }) {
			grants = append(grants, store.AppGrant{ClientID: c.ClientID, Scopes: c.Scopes, Since: c.GrantedAt})
		}
	}
	var apps []views.AccountApp
	for _, g := range grants {
		client, err := s.store.Client(ctx, g.ClientID)
		if errors.Is(err, fosite.ErrNotFound) {
			continue // it is no longer served, and what it holds opens nothing
		}
		if err != nil {
			return nil, err
		}
		app := views.AccountApp{ID: client.ID, Name: client.Name, Kind: kindWords(client), Since: s.moment(g.Since)}
		if client.Source == store.SourceRuntime { // RFC 7591 5: warn people about what nobody has vetted
			app.RegisteredOn = client.CreatedAt.Format("2 January 2006")
		}
		if !g.UsedAt.IsZero() {
			app.Used = s.moment(g.UsedAt)
		}
		if i := slices.IndexFunc(consents, func(c people.Consent) bool { return c.ClientID == g.ClientID }); i >= 0 {
			app.SilentUntil = consents[i].ExpiresAt.UTC().Format("2 January 2006")
			for _, scope := range consents[i].Scopes {
				if !slices.Contains(g.Scopes, scope) {
					g.Scopes = append(g.Scopes, scope)
				}
			}
		}
		// What its registration has lost it no longer has, whatever was granted once.
		g.Scopes = slices.DeleteFunc(g.Scopes, func(scope string) bool { return !slices.Contains(client.Scopes, scope) })
		app.Scopes = s.heldScopes(g.Scopes, who)
		apps = append(apps, app)
	}
	return apps, nil
}

// heldScopes are the rows of the consent page, in its words and order.
func (s *Server) heldScopes(scopes []string, who *signedIn) []views.AccountScope {
	ordered := slices.DeleteFunc(s.audiences.Scopes(), func(scope string) bool { return !slices.Contains(scopes, scope) })
	var rows []views.AccountScope
	for _, c := range s.choices(ordered, who, nil) {
		rows = append(rows, views.AccountScope{Name: c.Name, Tag: c.Tag, Title: c.Title, Kept: c.Locked})
	}
	return rows
}

// takeBack takes one scope from an app: its access token that carries the scope
// is dead at the next call, and no refresh and no remembered consent gives the
// scope again. Identity stays, because without it there is no sign-in.
func (s *Server) takeBack(w http.ResponseWriter, r *http.Request, who *signedIn, clientID, scope string) error {
	if _, err := s.store.Client(r.Context(), clientID); err != nil {
		return clientGone(err)
	}
	if known := s.audiences.Scopes(); !slices.Contains(known, scope) || oauth.IsIdentity(scope) && scope != "offline_access" {
		return oauth.NewPage(400, "invalid_request", "That can’t be taken back by itself", "Who you are goes with every sign-in. Disconnect the app to end that as well.").Offering(pathAccount, "Back to your account")
	}
	err := s.store.Unit(r.Context(), func(ctx context.Context) error {
		return errors.Join(
			// A grant that may not stay signed in is over; one that has nothing but that opens nothing.
			s.store.Withdraw(ctx, store.Withdrawal{Subject: who.ID, ClientID: clientID, Scope: scope, Vital: scope == "offline_access", Hollow: []string{"offline_access"}}),
			s.people.ForgetScope(ctx, who.ID, clientID, scope),
			s.endDecided(ctx, who.ID, clientID),
		)
	})
	if err != nil {
		return err
	}
	s.check(r.Context(), rules.ScopeRemoved, true, clientID+" without "+scope, who.ID)
	s.sayDone(w, doneScope, clientID+" "+scope)
	return nil
}

// disconnect takes everything from an app.
func (s *Server) disconnect(w http.ResponseWriter, r *http.Request, who *signedIn, clientID string) error {
	if _, err := s.store.Client(r.Context(), clientID); err != nil {
		return clientGone(err)
	}
	err := s.store.Unit(r.Context(), func(ctx context.Context) error {
		return errors.Join(s.store.RevokeApp(ctx, who.ID, clientID), s.people.Forget(ctx, who.ID, clientID), s.endDecided(ctx, who.ID, clientID))
	})
	if err != nil {
		return err
	}
	s.check(r.Context(), rules.AppDisconnected, true, "no grant of "+who.ID+" to "+clientID, who.ID)
	s.sayDone(w, doneApp, clientID)
	return nil
}

// endDecided ends the flows of an app that a person has allowed and that have
// not come to a code yet: they would give what has just been taken back.
func (s *Server) endDecided(ctx context.Context, subject, clientID string) error {
	return s.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE flows SET spent_at = ? WHERE subject = ? AND decision = ? AND spent_at IS NULL AND json_extract(request, '$.client_id') = ?`,
			s.now().UnixMilli(), subject, string(allowed), clientID)
		return err
	})
}

// What was done is said once, on the page that the 303 leads to. It travels in
// a cookie and not in the address, so that no link can claim it.
const (
	doneCookie     = "done"
	doneApp        = "app"
	doneScope      = "scope"
	doneBrowser    = "browser"
	doneEverywhere = "everywhere"
	donePassword   = "password"
)

func (s *Server) sayDone(w http.ResponseWriter, what, about string) {
	s.setCookie(w, doneCookie, strings.ReplaceAll(strings.TrimSpace(what+" "+about), " ", "|"))
}

// done takes the cookie away and returns what it says.
func (s *Server) done(w http.ResponseWriter, r *http.Request) string {
	said := s.cookie(r, doneCookie)
	if said != "" {
		s.setCookie(w, doneCookie, "")
	}
	return said
}

func (s *Server) doneText(r *http.Request, said string) string {
	parts := append(strings.Split(said, "|"), "", "")
	switch parts[0] {
	case doneApp:
		return s.clientName(r, parts[1]) + " is disconnected. What it still holds opens nothing any more."
	case doneScope:
		if parts[2] == "offline_access" {
			return s.clientName(r, parts[1]) + " can’t stay signed in any more. To go on it has to send you here again."
		}
		return s.clientName(r, parts[1]) + " can no longer do this: " + s.scopeTitle(parts[2]) + ". It has to ask you anew."
	case doneBrowser:
		return "That browser is signed out, and so are the apps that were signed in through it."
	case donePassword:
		return "Your password is changed. Every other browser is signed out, and so are the apps that were signed in through them."
	}
	return ""
}

// scopeTitle is a scope in the words of the consent page.
func (s *Server) scopeTitle(scope string) string {
	for _, api := range s.document.APIs {
		for _, known := range api.Scopes {
			if known.Name == scope {
				return known.Title
			}
		}
	}
	return scope
}
