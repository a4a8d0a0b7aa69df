// The phone app: a public client in a browser. Read oauth.js first (the
// protocol), then tabs.js and session.js (the tokens), api.js (their use).
// This file decides which screen is seen.

import { handedOver } from '../docs/handover.js';
import * as api from './api.js';
import { h, say } from './dom.js';
import * as oauth from './oauth.js';
import { parse } from './router.js';
import { inWords } from './scopes.js';
import * as session from './session.js';
import { addScreen } from './screens/add.js';
import { approvalsScreen } from './screens/approvals.js';
import { askScreen } from './screens/ask.js';
import { entryScreen } from './screens/entry.js';
import { endedScreen, failedScreen, waitingScreen, welcomeScreen } from './screens/gate.js';
import { drawPanel } from './screens/panel.js';
import { profileScreen } from './screens/profile.js';
import { weekScreen } from './screens/week.js';
import * as unfinished from './unfinished.js';

const glass = document.getElementById('app');
const config = { ...glass.dataset }; // issuer, client, audience, base

const SCREENS = {
  week: weekScreen, add: addScreen, entry: entryScreen, approvals: approvalsScreen, profile: profileScreen, ask: askScreen,
};

const offline = h('p', { class: 'offline', role: 'status' });
let shown = false;

function show(node) {
  document.querySelector('dialog')?.close();
  glass.replaceChildren(offline, node);
  const title = node.querySelector('h1');
  if (title) document.title = `${title.textContent} · Punchcard`;
  // A screen that replaces another is announced by its heading; the first one
  // leaves the focus where a fresh page has it.
  if (shown) title?.focus({ preventScroll: true });
  shown = true;
  drawPanel(document.getElementById('panel'));
}

let signedIn = false;

function showRoute() {
  signedIn = session.current() !== null;
  const route = parse(location.hash);
  show(signedIn ? SCREENS[route.name](route) : welcomeScreen(null));
}

function changed(what) {
  drawPanel(document.getElementById('panel'));
  if (what === 'tokens' && !signedIn) showRoute(); // a refresh disturbs no screen
  signedIn = session.current() !== null;
  if (what === 'ended') show(endedScreen());
  if (what === 'signed-out') show(welcomeScreen({ title: 'You’re signed out.', text: 'The tokens of this app are revoked.' }));
}

function connection() {
  offline.textContent = navigator.onLine ? '' : 'You’re offline. Nothing is lost.';
}

async function begin() {
  if (oauth.whyNoPKCE()) return show(welcomeScreen(null));
  show(waitingScreen());
  api.use(config.audience);
  session.start(config);
  const trip = oauth.takeTrip();
  if (location.pathname.endsWith('/callback')) return back(trip);
  if (await session.share() || await session.resume({ hash: location.hash })) return;
  show(welcomeScreen(null));
}

// back is where the authorization server has sent the browser.
async function back(trip) {
  const query = new URLSearchParams(location.search);
  // The code leaves the address bar and the history before anything else can read it.
  history.replaceState(null, '', `/app/${trip?.hash || ''}`);
  try {
    const code = oauth.receive(config, query, trip);
    const answer = await oauth.exchange(config, code, trip);
    unfinished.bring(trip, answer.claims?.sub);
    await session.begin(answer, [...trip.asked, ...(trip.denied ? [trip.denied] : [])]);
    if (trip.wanted) say(session.holds(trip.wanted) ? `You allowed it. This app may now ${inWords(trip.wanted)}.` : `${trip.wanted} was not granted.`);
  } catch (error) {
    await refused(error, trip);
  }
}

// OIDC Core 3.1.2.6: what prompt=none is answered with where a question would
// be needed. That is no error: the question is the welcome screen.
const QUIET = ['login_required', 'consent_required', 'interaction_required', 'account_selection_required'];

async function refused(error, trip) {
  if (trip?.silent && QUIET.includes(error.code)) return show(welcomeScreen(null));
  if (error.code !== 'access_denied') return show(failedScreen(error));
  // A no to one more scope takes nothing away: what was granted before is asked for again, silently.
  if (trip.had && await session.resume({ hash: trip.hash, denied: trip.wanted })) return;
  show(welcomeScreen({ title: 'You said no.', text: 'The app has got nothing. You can sign in whenever you like.' }));
}

session.onChange(changed);
addEventListener('hashchange', showRoute);
addEventListener('offline', connection);
addEventListener('online', () => {
  connection();
  // What could not be loaded is loaded now; a form is left as it is.
  if (signedIn && !glass.querySelector('form')) showRoute();
});
connection();

// The address behind the # names a screen, so this link must not change it.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  glass.focus();
});

// On a phone the panel is a sheet that is drawn up when it is wanted.
document.getElementById('sheet').open = !matchMedia('(max-width: 480px)').matches;

// The API reference signs in by this app's client, and an answer to it is not ours.
if (!handedOver) begin().catch((error) => show(failedScreen(error)));
