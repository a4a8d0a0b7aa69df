package auth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/views"
)

// People click twice. In a browser the second click cancels the navigation of
// the first, so the answer with the code may never arrive. For a short time
// the same decision by the same browser session gets to where the first one
// led, and there is never more than one code that can be used.

// againFor is how long an answer is given again: as long as the code that it
// carries could be used, and not longer than a minute.
func (s *Server) againFor() time.Duration { return min(s.Lifetimes().Code, time.Minute) }

// fresh says whether the flow was answered a moment ago. A clock that has been
// put back makes it old, not new.
func (s *Server) fresh(f *flow) bool {
	since := s.now().Sub(f.SpentAt)
	return f.Spent && f.AnsweredIn != "" && since >= 0 && since <= s.againFor()
}

// same says whether this is the decision that the flow was given already.
func (f *flow) same(d decision, subject string, granted []string) bool {
	return f.Decision == d && f.Subject == subject && slices.Equal(f.Granted, granted)
}

// again answers a flow that was answered already.
func (s *Server) again(w http.ResponseWriter, r *http.Request, f *flow) error {
	if f.Kind == deviceFlow {
		seeOther(w, pathDevice+"?flow="+f.Handle) // which says what was decided
		return nil
	}
	who, err := s.signedIn(r)
	if err != nil {
		return err
	}
	// RFC 6749 10.5: a code is for one use. Whoever comes later, or is somebody else, gets none.
	mine := who != nil && who.Session.ID == f.AnsweredIn
	if !s.check(r.Context(), rules.AnswerToSameSession, mine, "session "+ledger.Short(f.AnsweredIn), sessionText(who)) {
		return finished(f)
	}
	stands := true
	if f.Grant != "" {
		var used bool
		if used, stands, err = s.store.Redeemed(r.Context(), f.Grant); err != nil {
			return err
		}
		if used && stands {
			return s.showComplete(w, r, f)
		}
	}
	if !s.check(r.Context(), rules.AnswerInTime, s.fresh(f), "at most "+s.againFor().String()+" later", s.now().Sub(f.SpentAt).String()+" later") {
		return finished(f)
	}
	v, err := s.visitor(r.Context(), f, who)
	if err != nil {
		return err
	}
	step, code, scopes := next(f, v)
	switch {
	case step == stepIssue && f.Grant != "" && stands:
		return s.issue(w, r, f, who, scopes)
	case step == stepRefuse && f.Grant == "":
		return oauth.NewError(code, refusals[code]).BackTo(f.Request.answers())
	}
	return finished(f) // what it rested on was taken back meanwhile
}

func sessionText(who *signedIn) string {
	if who == nil {
		return "nobody signed in"
	}
	return "session " + ledger.Short(who.Session.ID)
}

// showComplete tells somebody who comes back that there is nothing left to do.
func (s *Server) showComplete(w http.ResponseWriter, r *http.Request, f *flow) error {
	client, err := s.store.Client(r.Context(), f.Request.ClientID)
	if err != nil {
		return clientGone(err)
	}
	views.Write(w, r, http.StatusOK, views.CompletePage(views.Complete{ClientName: client.Name, ClientKind: client.Kind}))
	return nil
}

// overtaken loads a flow anew that another request has answered, and gives the
// same answer again where this request came later than that one: of two clicks
// the browser waits for the second.
func (s *Server) overtaken(w http.ResponseWriter, r *http.Request, f *flow) error {
	if r.Context().Err() != nil {
		return finished(f) // the browser has gone on, and this answer would end the code of the one that it waits for
	}
	now, err := s.browserFlow(w, r, f.Handle)
	if err != nil {
		return err
	}
	if now.Came = f.Came; now.Came.Before(now.AnsweredAt) {
		return finished(now)
	}
	return s.again(w, r, now)
}

// answerFlow keeps who got which answer, in the unit that spends the flow.
func (s *Server) answerFlow(ctx context.Context, f *flow, who *signedIn, grant string) error {
	return s.once(ctx, f, "answer", `UPDATE flows SET answered_in = ?1, answered_at = ?2, grant_id = nullif(?3, ''), subject = coalesce(subject, ?4) WHERE id = ?5`,
		who.Session.ID, f.Came.UnixMilli(), grant, who.ID, f.ID)
}

// replaceAnswer puts another grant in the place of the one whose code was lost,
// and ends that. One statement on each side decides: of several requests at
// once one goes on, and a code that was redeemed meanwhile stays what it is.
func (s *Server) replaceAnswer(ctx context.Context, f *flow, grant string) error {
	err := s.once(ctx, f, "answer again", `UPDATE flows SET grant_id = ?1, answered_at = ?2 WHERE id = ?3 AND grant_id = ?4 AND answered_in = ?5 AND answered_at <= ?2`,
		grant, f.Came.UnixMilli(), f.ID, f.Grant, f.AnsweredIn)
	return errors.Join(err, s.store.Supersede(ctx, f.Grant))
}

// adoptAnswer moves the answer of a flow to the session of a second sign-in by
// the same person: the first one's cookie may have been lost with its answer.
func (s *Server) adoptAnswer(ctx context.Context, f *flow, who, session string) error {
	return s.once(ctx, f, "adopt", `UPDATE flows SET answered_in = ? WHERE id = ? AND subject = ? AND answered_in = ? AND decision IS NULL`,
		session, f.ID, who, f.AnsweredIn)
}

// answerWith ends the flow with an OAuth error at the client.
func (s *Server) answerWith(w http.ResponseWriter, r *http.Request, f *flow, who *signedIn, code string) error {
	err := s.store.Unit(r.Context(), func(ctx context.Context) error {
		err := s.spendFlow(ctx, f)
		if err == nil && who != nil {
			err = s.answerFlow(ctx, f, who, "")
		}
		return err
	})
	if errors.Is(err, errSpent) {
		return s.overtaken(w, r, f)
	}
	if err != nil {
		return err
	}
	return oauth.NewError(code, refusals[code]).BackTo(f.Request.answers())
}

var refusals = map[string]string{
	"access_denied":    "The person did not allow this.",
	"login_required":   "Nobody is signed in, or not as this request wants it, and prompt=none forbids to ask.",
	"consent_required": "The person has not agreed to this yet, and prompt=none forbids to ask.",
}

// takeFlow is what lets one code come of a flow, in the unit that writes it.
func (s *Server) takeFlow(ctx context.Context, f *flow, who *signedIn, grant string) error {
	if f.Spent {
		return s.replaceAnswer(ctx, f, grant)
	}
	return errors.Join(s.spendFlow(ctx, f), s.answerFlow(ctx, f, who, grant))
}
