// The tabs of this app share one family of refresh tokens, and a family has
// one rule: a refresh token that is used twice kills it (RFC 9700 4.14.2).
// Three browser features keep the tabs from doing that to each other:
//
//   BroadcastChannel  carries a new pair of tokens to the other tabs, so that
//                     they live in memory alone, and a second tab needs no
//                     redirect of its own.
//   an exclusive lock lets one tab at a time refresh.
//   a shared lock     that each tab holds for as long as it lives, named after
//                     the newest generation that it knows of its family.
//
// The last one is there because a broadcast may arrive after the lock has been
// handed on: the tab that is next would still hold the spent token and replay
// it. The lock manager has no such lag. So whoever gets the turn looks at the
// names first, and where a tab knows a newer generation, asks for it and waits.

const TURN = 'punchcard-refresh';
const NEWEST = 'punchcard-newest';

const channel = new BroadcastChannel('punchcard-app');

/** Sends a message, a plain object with a type, to every other tab. */
export const tell = (message) => channel.postMessage(message);

/** Calls handle with each message of another tab. */
export const onTold = (handle) => channel.addEventListener('message', (event) => handle(event.data));

/** Runs task while no other tab runs one. */
export const inTurn = (task) => navigator.locks.request(TURN, task);

let letGo = () => {};
let marked = Promise.resolve();

/** Says to all tabs, for as long as this one lives, that the generation exists. */
export function mark(family, generation) {
  marked = marked.then(() => new Promise((done) => {
    navigator.locks.request(`${NEWEST} ${family} ${generation}`, { mode: 'shared' }, () => new Promise((release) => {
      letGo(); // of the older name, now that the newer one is held
      letGo = release;
      done();
    }));
  }));
  return marked;
}

/** This tab knows of no tokens any more. */
export function unmark() {
  letGo();
  letGo = () => {};
}

/** The newest generation of a family that any tab knows, 0 for none. */
export async function newest(family) {
  const { held } = await navigator.locks.query();
  const generations = held.map((lock) => lock.name.split(' ')).filter(([kind, of]) => kind === NEWEST && of === family);
  return Math.max(0, ...generations.map(([, , generation]) => Number(generation)));
}

/** Whether a tab, this one included, is signed in. */
export async function anybody() {
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name.startsWith(NEWEST));
}
