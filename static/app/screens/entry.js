// One entry: changed while it is pending, read once it is decided.

import * as api from '../api.js';
import { hours, longDay, mondayOf } from '../dates.js';
import { h, say } from '../dom.js';
import { drop } from '../draft.js';
import { go, to } from '../router.js';
import { holds } from '../session.js';
import { entryForm } from './form.js';
import { button, confirm, loading, note, pill, project, screen, trouble } from './parts.js';

export function entryScreen({ id }) {
  const box = h('div');
  const show = () => loading(box, () => api.entry(id), ({ body, etag }) => (body.status === 'pending' && holds('create:timesheets')
    ? [editing(body, etag, show), deleting(body, etag, show)]
    : [reading(body), body.status === 'pending' && deleting(body, etag, show)]));
  show();
  return screen({ title: 'Entry', tab: 'week', back: to.week() }, box);
}

function reading(entry) {
  const decided = { approved: 'It is approved, so it can’t be changed.', rejected: 'It is rejected. Add the hours again as they should be.' };
  return [
    facts(entry),
    entry.comment && h('blockquote', { class: 'words' }, entry.comment),
    decided[entry.status] && h('p', { class: 'fine' }, decided[entry.status]),
  ];
}

const facts = (entry) => h('dl', { class: 'facts' }, Object.entries({
  Day: longDay(entry.date), Project: project(entry.project), Hours: hours(entry.hours), Notes: entry.notes || '–', Status: pill(entry),
}).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));

function editing(entry, etag, show) {
  const { date, project: name, notes } = entry;
  const form = entryForm({
    address: to.entry(entry.id), label: 'Save', values: { date, project: name, hours: String(entry.hours), notes },
    async send(fields) {
      try {
        await api.replace(entry.id, fields, etag);
      } catch (error) {
        // RFC 9110 15.5.13: somebody has changed it since it was read.
        if (error.status === 412) return collided();
        if (error.status === 409) return decided();
        throw error;
      }
      drop();
      go(to.week(mondayOf(fields.date)));
      say('Saved.');
    },
  });

  // Nobody's work is lost: what is stored now stands above what was typed, and
  // the person says which one counts.
  async function collided() {
    const newer = await api.entry(entry.id);
    if (newer.body.status !== 'pending') return decided();
    const keepMine = () => {
      etag = newer.etag;
      form.form.requestSubmit();
    };
    const takeTheirs = () => {
      drop();
      show();
    };
    form.messages.replaceChildren(h('div', { class: 'ph-x calm' }, h('b', {}, 'It was changed elsewhere.'),
      ' This is what is stored now; your own version is still in the form.', facts(newer.body),
      h('div', { class: 'ph-acts' }, button('Keep mine', keepMine, 'sm'), button('Take the stored one', takeTheirs, 'sm'))));
  }

  function decided() {
    drop();
    form.messages.replaceChildren(note('calm', 'It was decided meanwhile.', 'What is decided can’t be changed any more.', button('Show it', show, 'sm')));
  }
  return form.form;
}

function deleting(entry, etag, show) {
  if (!holds('delete:timesheets')) {
    return note('bad', 'Can’t delete', 'You didn’t allow it.', h('a', { class: 'btn sm', href: to.ask('delete:timesheets') }, 'Ask for delete:timesheets'));
  }
  const messages = h('div');
  async function remove() {
    if (!await confirm('Delete this entry?', `${hours(entry.hours)} for ${entry.project} on ${longDay(entry.date)}. This can’t be undone.`, 'Delete')) return;
    try {
      await api.remove(entry.id, etag);
    } catch (error) {
      if (error.status === 409 || error.status === 412) messages.replaceChildren(note('calm', 'It was changed meanwhile.', 'Look at it again before you delete it.', button('Show it', show, 'sm')));
      else messages.replaceChildren(trouble(error, remove));
      return;
    }
    drop();
    go(to.week(mondayOf(entry.date)), { replace: true });
    say('Deleted.');
  }
  return h('div', { class: 'last' }, messages, button('Delete', remove, 'danger'));
}
