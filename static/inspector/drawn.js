// What the page shows: a run, one step of it in full, and the list of all runs.

import { latest, put } from './swap.js';

const page = document.querySelector('.insp');

/** The number of the run that is drawn; 0 for none. */
export const drawn = () => Number(document.getElementById('run')?.dataset.run);

// What is to be drawn. step is "" until somebody picks one: the server then
// shows the newest. newest leaves it to the server which run that is.
let wanted = { run: drawn(), step: '', newest: false };

/** The step that somebody has picked, "" for none. */
export const picked = () => wanted.step;

/** Whether a new run takes the place of the one that is drawn. */
const follows = () => page.hasAttribute('data-follow') && (document.getElementById('follow')?.checked ?? true);

const NAMES = ['client', 'person', 'outcome'];

function filter() {
  const query = new URLSearchParams(location.search);
  return new URLSearchParams(NAMES.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
}

function address(run, more) {
  const query = filter();
  for (const [name, value] of Object.entries(more)) if (value) query.set(name, value);
  return '/inspector' + (run ? '/' + run : '') + (query.size ? '?' + query : '');
}

const draw = latest(async () => {
  const now = wanted, before = drawn();
  await put('run', address(now.newest ? 0 : now.run, { part: 'run', step: now.step }));
  if (now === wanted) wanted = { run: drawn(), step: now.step, newest: false };
  if (drawn() !== before) list(); // it marks the run that is drawn
});

const drawList = latest(() => put('runs', address(drawn(), { part: 'runs' })));
let soon = 0;

// A flow is a dozen events in a moment, and the list is long.
function list() {
  soon ||= setTimeout(() => { soon = 0; drawList(); }, 150);
}

/** Shows a step of the drawn run, and stays with it: from here on the page follows nothing. */
export function pick(step) {
  const follow = document.getElementById('follow');
  if (follow) follow.checked = false;
  wanted = { run: drawn(), step, newest: false };
  history.replaceState(null, '', address(wanted.run, {}) + '#' + step);
  draw();
}

/** Shows the newest run that the filter lets through. run is its number, where it is known. */
export function newest(run) {
  wanted = { run, step: '', newest: true };
  history.replaceState(null, '', address(0, {}));
  draw();
}

/** Takes in a change of a run, as the stream tells it. */
export function changed(change) {
  list();
  if (change.run === wanted.run) return draw();
  // A run may get its person, or stop to be a mere look-up, after its first exchange.
  const newer = change.new || change.run > wanted.run;
  const admitted = [...filter()].every(([name, value]) => change[name] === value);
  if (follows() && newer && !change.aside && admitted) newest(change.run);
}

/** Makes up for what the stream may have told while it was away. */
export function missed() {
  list();
  if (follows() && !wanted.step) newest(wanted.run);
  else if (wanted.run) draw();
}
