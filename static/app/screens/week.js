// My week: what stands on which day, and what has become of it.

import * as api from '../api.js';
import { dateOf, hours, mondayOf, plusDays, shortDay, longDay, today, weekName } from '../dates.js';
import { h, icon } from '../dom.js';
import { go, to } from '../router.js';
import { holds } from '../session.js';
import { button, loading, note, pill, project, screen } from './parts.js';

export function weekScreen({ monday }) {
  const box = h('div');
  if (holds('read:timesheets')) {
    loading(box, () => api.week(monday, plusDays(monday, 6)), (entries) => draw(monday, entries));
  } else {
    box.append(note('bad', 'Nothing to see.', 'You didn’t let this app see your timesheets.',
      h('a', { class: 'btn sm', href: to.ask('read:timesheets') }, 'Ask for read:timesheets')));
  }
  return screen({
    title: 'Timesheets', tab: 'week',
    foot: holds('create:timesheets') && button('Add hours', () => go(to.add(dayIn(monday))), 'primary'),
  }, weekNav(monday), box);
}

// Hours are added to today, or to the Monday of a week that is not this one.
const dayIn = (monday) => (mondayOf(today()) === monday ? null : monday);

function weekNav(monday) {
  const now = mondayOf(today());
  const name = { [now]: 'This week', [plusDays(now, -7)]: 'Last week', [plusDays(now, 7)]: 'Next week' }[monday];
  return h('nav', { class: 'wk', 'aria-label': 'Weeks' },
    h('a', { href: to.week(plusDays(monday, -7)), 'aria-label': 'Previous week' }, icon('back')),
    h('p', {}, name && h('b', {}, name), ' ', weekName(monday)),
    h('a', { href: to.week(plusDays(monday, 7)), 'aria-label': 'Next week' }, icon('next')));
}

function draw(monday, entries) {
  const days = Array.from({ length: 7 }, (_, i) => plusDays(monday, i));
  const of = (day) => entries.filter((entry) => entry.date === day);
  const sum = (list) => list.reduce((total, entry) => total + entry.hours, 0);
  return [
    h('p', { class: 'ph-sum' }, h('b', { id: 'total' }, hours(sum(entries))), monday === mondayOf(today()) ? ' this week' : ' in this week'),
    h('ol', { class: 'days', 'aria-label': 'Hours of each day' }, days.map((day) => column(day, sum(of(day))))),
    entries.length === 0 && empty(),
    days.filter((day) => of(day).length > 0).map((day) => h('section', { class: 'day' },
      h('h2', {}, h('span', {}, shortDay(day)), h('span', {}, hours(sum(of(day))))),
      h('ul', { class: 'ents' }, of(day).map(row)))),
  ];
}

// A day as a bar of up to ten hours; a longer day is just as full.
function column(day, total) {
  const letter = h('span', { 'aria-hidden': 'true' }, 'SMTWTFS'[dateOf(day).getDay()]);
  const bar = h('i', { 'aria-hidden': 'true' });
  bar.style.setProperty('--part', Math.min(1, total / 10));
  const inside = [bar, letter, h('span', { class: 'sr' }, `${longDay(day)}, ${hours(total)}`)];
  return h('li', { class: day === today() && 'today' },
    holds('create:timesheets') ? h('a', { href: to.add(day) }, inside, h('span', { class: 'sr' }, ', add hours')) : h('span', {}, inside));
}

const empty = () => h('div', { class: 'blank' }, icon('week'), h('b', {}, 'Nothing filed yet'),
  h('p', {}, holds('create:timesheets') ? 'Add the first hours of this week.' : 'This app may look, but not add.'));

function row(entry) {
  return h('li', {}, h('a', { href: to.entry(entry.id) },
    h('b', {}, project(entry.project)), h('em', {}, hours(entry.hours)),
    h('small', {}, entry.notes), pill(entry),
    entry.comment && h('q', {}, entry.comment)));
}
