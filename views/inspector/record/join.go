package record

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// key names what connects exchanges, without being it.
type key [16]byte

func keyOf(value string) key {
	sum := sha256.Sum256([]byte(value))
	return key(sum[:16])
}

// idle is how long a browser's last run is taken for what it does next, where
// nothing stronger says so.
const idle = 30 * time.Minute

// ties are what an exchange has in common with others.
type ties struct {
	byRank  [ranks][]key
	browser []key
	lookup  key
	claims  []string // of tokens that were not seen before
}

// Ranks of ties, the strongest first: a code that somebody else exchanges
// stays with the flow that it was issued in.
const (
	rankFlow   = iota
	rankPushed // a request_uri, or the two codes of a device
	rankCode
	rankToken
	rankChallenge
	rankClaims // of a token that was tampered with
	rankFamily
	rankState
	ranks
)

func (r *Recorder) ties(x *Exchange, browser []key) (t ties) {
	add := func(rank int, k key) { t.byRank[rank] = append(t.byRank[rank], k) }
	x.each(func(answer bool, kind ValueKind, raw string) {
		switch kind {
		case Flow:
			add(rankFlow, keyOf(raw))
		case Pushed, Device:
			add(rankPushed, keyOf(raw))
		case UserCode:
			add(rankPushed, keyOf("user code "+typed(raw)))
		case Code:
			add(rankCode, keyOf(raw))
		case Access, Refresh, ID, Token, Registration:
			k := keyOf(raw)
			add(rankToken, k)
			// A token that was tampered with is known by its claims alone.
			if _, known := r.index[k]; !known {
				claims := Payload(raw)
				t.claims = append(t.claims, claims)
				if jti := jsonString(claims, "jti"); jti != "" {
					add(rankClaims, keyOf("jti "+jti))
				}
			}
		case Challenge:
			add(rankChallenge, keyOf(raw))
		case Verifier:
			add(rankChallenge, keyOf(ChallengeOf(raw)))
		case State:
			add(rankState, keyOf("state "+raw))
		}
	})
	for _, w := range x.Writes {
		if w.Family != "" {
			add(rankFamily, keyOf("family "+w.Family))
		}
	}
	t.browser = browser
	t.lookup = keyOf("lookup " + string(x.Kind) + " " + x.Header.Get("User-Agent") + x.Header.Get("Origin"))
	return t
}

// join finds the run that an exchange belongs to, or begins one.
func (r *Recorder) join(c *capture) {
	browser := browserKeys(c.header, c.exchange.Answer)
	x := c.hide()
	c.release()
	t := r.ties(x, browser)
	run := r.home(x, t)
	if run == nil {
		run = r.begin(x.Began)
	}
	if run.stored {
		r.revive(run)
	}
	before := run.cost()
	run.add(x)
	run.learn(x, t.claims)
	r.tie(run, x, t)
	r.bytes += run.cost() - before
	r.touch(run)
	r.endings(x)
	r.makeRoom()
}

// home is nil where nothing connects the exchange to any run.
func (r *Recorder) home(x *Exchange, t ties) *Run {
	if x.Kind == KindAuthorize || x.Kind == KindPushed {
		if run := r.at(t.byRank[rankPushed]); run != nil {
			return run // RFC 9126 4: what was pushed is what is asked for here
		}
		// A new request is a new flow, even with a challenge that was seen before:
		// many an example uses the one of RFC 7636. Only what the demo client
		// prepared for it belongs to it.
		run := r.at(t.byRank[rankChallenge])
		if run != nil && len(run.Exchanges) == 1 && run.Exchanges[0].Kind == KindTry {
			return run
		}
		return nil
	}
	for rank, keys := range t.byRank {
		if rank == rankState && x.Kind != KindCallback {
			continue // clients choose it, and some choose the same each time
		}
		if run := r.at(keys); run != nil {
			return run
		}
	}
	switch x.Kind {
	case KindLoginPage, KindLogin, KindConsentPage, KindConsent, KindSelectPage, KindSelect, KindDevicePage, KindDeviceForm, KindAccountPage, KindAccount, KindResume, KindLogout, KindCallback:
		return r.fresh(r.at(t.browser), x)
	case KindMetadata, KindKeys, KindPreflight:
		return r.fresh(r.at([]key{t.lookup}), x)
	}
	return nil
}

func (r *Recorder) at(keys []key) *Run {
	for _, k := range keys {
		if e, ok := r.runs[r.index[k]]; ok {
			return e.Value.(*Run)
		}
	}
	return nil
}

func (r *Recorder) fresh(run *Run, x *Exchange) *Run {
	if run == nil || x.Began.Sub(run.Updated) > idle {
		return nil
	}
	return run
}

// tie lets later exchanges find the run. A value stays with the run that had it
// first; a browser goes with the latest.
func (r *Recorder) tie(run *Run, x *Exchange, t ties) {
	put := func(k key, always bool) {
		if n, known := r.index[k]; known && (n == run.Number || !always && r.runs[n] != nil) {
			return
		}
		r.index[k] = run.Number
		run.keys = append(run.keys, k)
		if len(run.keys) > maxKeys {
			if old := run.keys[firstKeys]; r.index[old] == run.Number {
				delete(r.index, old)
			}
			run.keys = slices.Delete(run.keys, firstKeys, firstKeys+1)
		}
	}
	for rank, keys := range t.byRank {
		for _, k := range keys {
			put(k, rank == rankState || rank == rankChallenge && (x.Kind == KindAuthorize || x.Kind == KindPushed))
		}
	}
	for _, k := range t.browser {
		put(k, true)
	}
	switch x.Kind {
	case KindMetadata, KindKeys, KindPreflight:
		put(t.lookup, true)
	}
}

// learn takes from an exchange who is who.
func (r *Run) learn(x *Exchange, claims []string) {
	if r.Client == "" || x.Kind == KindAuthorize {
		if id := x.ClientID(); id != "" {
			r.Client = id
		}
	}
	if x.Kind == KindRegister && r.Client == "" && x.Status < 400 {
		r.Client = jsonString(x.AnswerBody, "client_id")
	}
	if x.Kind == KindLogin && x.Status < 400 {
		r.Email = x.Form().Get("email")
	}
	if x.Status >= 400 {
		return // whoever sent a token that was refused may say anything in it
	}
	for _, c := range claims {
		if r.sid == "" {
			r.sid = jsonString(c, "sid")
		}
		sub, client := jsonString(c, "sub"), jsonString(c, "client_id")
		if r.Person == "" && sub != client {
			r.Person = sub
		}
		if r.Client == "" {
			r.Client = client
		}
	}
}

// ClientID is who the request says that it is from, "" where it does not say.
func (x *Exchange) ClientID() string {
	_, query, _ := strings.Cut(x.Target, "?")
	if id := parameter(query, "client_id"); id != "" {
		return id
	}
	if id := parameter(x.Body, "client_id"); id != "" && isForm(x.Header) {
		return id
	}
	if rest, ok := strings.CutPrefix(x.Header.Get("Authorization"), "Basic "); ok {
		if id, _, ok := strings.Cut(rest, ":"); ok {
			return id
		}
	}
	return ""
}

// endings marks the runs whose grants this exchange ended: a sign-out in one
// flow is the end of others, and so is what a person takes back.
func (r *Recorder) endings(x *Exchange) {
	for _, w := range x.Writes {
		if w.Table != "families" || w.Op != "revoke" && w.Op != "withdraw" {
			continue
		}
		for e := r.recent.Front(); e != nil; e = e.Next() {
			run := e.Value.(*Run)
			if run.Ended != "" || !w.ended(run, r.index[keyOf("family "+w.ID)]) {
				continue
			}
			if run.stored {
				r.revive(run)
			}
			run.Ended = ending(x)
			run.Version++
			r.dirty[run.Number], r.changed[run.Number] = true, true
		}
	}
}

// ended says whether a write was the end of a run's grant. family is the run
// of the grant that it names.
func (w Write) ended(run *Run, family int) bool {
	subject, other, _ := strings.Cut(w.ID, " ")
	switch w.Kind {
	case "grants of a client": // with its registration, too, which counts nothing
		return run.Client == w.ID
	case "grant":
		return w.Rows > 0 && family == run.Number
	case "grants of a session":
		return w.Rows > 0 && run.sid == w.ID
	case "grants of a subject":
		return w.Rows > 0 && run.Person == w.ID
	case "grants to an app":
		return w.Rows > 0 && run.Person == subject && run.Client == other
	case "grants of other sessions":
		return w.Rows > 0 && run.Person == subject && run.sid != other
	}
	return w.Op == "withdraw" && w.Ended > 0 && run.Person == subject && run.Client == other
}

func ending(x *Exchange) string {
	switch {
	case x.Replay():
		return "a code or refresh token was used twice"
	case x.Kind == KindLogout:
		return "the person signed out"
	case x.Kind == KindRevoke:
		return "the app gave it back"
	case x.Kind == KindAccount:
		return "the person took it back"
	case x.Kind == KindRegister:
		return "the app is registered no more"
	case x.Kind == KindToken:
		return "a code or refresh token was used twice"
	}
	return "it was revoked"
}
