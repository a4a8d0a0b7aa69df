package attack

import "net/url"

// oldRefresh uses a refresh token that was used before.
//
// The thief has copied a refresh token from a backup of the victim's phone. It
// would be worth more than any access token: whoever holds it can get new ones
// for weeks.
//
// But the backup is from yesterday. The app has refreshed since then, and each
// refresh replaces the token by a new one. The thief tries the old one.
//
// RFC 9700 4.14.2: an old refresh token that is used again means that two
// people hold the same one. The server cannot know who is who. So it revokes
// the active refresh token, and the grant with it: the thief gets nothing, and
// the victim signs in again.
func oldRefresh(p *play) (Outcome, error) {
	victim, thief := p.victim(), p.thief()

	backup, err := victim.signedIn(p.Employee, "offline_access read:timesheets")
	if err != nil {
		return Outcome{}, err
	}

	// The app refreshes twice, and gets a new refresh token in place of the old
	// each time. A server that allows for lost answers would give the first of
	// them again for some seconds, until it is used.
	newest := backup
	for range 2 {
		refreshed, err := victim.refresh(newest)
		if err != nil {
			return Outcome{}, err
		}
		if newest, err = refreshed.tokens(); err != nil {
			return Outcome{}, err
		}
	}

	// The thief does not know that his copy is old.
	replayed, err := thief.post(p.token, url.Values{
		"grant_type":    {"refresh_token"},
		"client_id":     {p.Client.ID},
		"refresh_token": {backup.Refresh},
	})
	if err != nil {
		return Outcome{}, err
	}

	// The whole family ends, also the tokens that were never stolen.
	aftermath, err := victim.fates(newest, "The honest app’s newest access token", "Its newest refresh token")
	return replayed.decides(aftermath), err
}
