// Screens have addresses behind the #, so that "back" works and a reload comes
// back to where it was. The server sees none of them.

import { isDay, mondayOf, today } from './dates.js';

/** The screen that an address names: {name, …}. An unknown one is this week. */
export function parse(hash) {
  const [name, value] = hash.replace(/^#\/?/, '').split('/').map(plain);
  switch (name) {
    case 'add': return { name, day: isDay(value || '') ? value : null };
    case 'entry': return value ? { name, id: value } : week();
    case 'ask': return value ? { name, scope: value } : week();
    case 'approvals':
    case 'profile': return { name };
    default: return week(value);
  }
}

// What is no escape stays as it stands: a link that was cut off or typed by
// hand leads to this week, and must not keep the app from starting.
function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const week = (day) => ({ name: 'week', monday: mondayOf(isDay(day || '') ? day : today()) });

export const to = {
  week: (monday) => (monday && monday !== mondayOf(today()) ? `#/week/${monday}` : '#/week'),
  add: (day) => (day ? `#/add/${day}` : '#/add'),
  entry: (id) => `#/entry/${encodeURIComponent(id)}`,
  ask: (scope) => `#/ask/${encodeURIComponent(scope)}`,
  approvals: () => '#/approvals',
  profile: () => '#/profile',
};

/** Goes to an address; in place of the current one where that should not come back. */
export function go(hash, { replace } = {}) {
  if (replace) location.replace(hash);
  else location.hash = hash;
}
