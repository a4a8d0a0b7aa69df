// What waits for a manager: one tap approves, a rejection says why.

import * as api from '../api.js';
import { hours, shortDay } from '../dates.js';
import { h, icon, say } from '../dom.js';
import { go, to } from '../router.js';
import { holds } from '../session.js';
import { take } from '../unfinished.js';
import { button, loading, note, project, screen, trouble } from './parts.js';
import { signInFirst } from './stepup.js';

export function approvalsScreen() {
  if (!holds('approve:timesheets')) {
    go(to.ask('approve:timesheets'), { replace: true });
    return h('div');
  }
  const box = h('div');
  const messages = h('div', { role: 'status' });
  const begun = take();
  const load = async () => {
    if (begun) await finish(begun, messages);
    return api.approvals();
  };
  loading(box, load, (entries) => (entries.length ? h('ul', { class: 'waiting' }, entries.map(card)) : nothing()));
  return screen({ title: 'Approvals', tab: 'approvals' }, h('p', { class: 'ph-sum' }, 'From the people who report to you'), messages, box);
}

// What was begun before a fresh sign-in is finished after it, once.
async function finish(begun, messages) {
  const { id, decision, comment, what, someoneElse } = begun;
  if (begun.tried) return;
  begun.tried = true;
  if (someoneElse) {
    messages.replaceChildren(note('calm', 'Nothing was decided.', `Somebody else began with ${what}, and it is theirs to finish.`));
    return;
  }
  try {
    await api.decide(id, decision, comment);
    messages.replaceChildren(note('good', `${decision === 'approve' ? 'Approved' : 'Rejected'}: ${what}.`, 'You signed in again, and the API took it.'));
  } catch (error) {
    if (error.maxAge !== undefined) messages.replaceChildren(signInFirst(error.maxAge, { id, decision, comment, what }));
    else if (error.status === 409) messages.replaceChildren(note('calm', 'Already decided.', `Somebody was faster with ${what}, and the first decision counts.`));
    else messages.replaceChildren(trouble(error));
  }
}

const nothing = () => h('div', { class: 'blank' }, icon('approvals'), h('b', {}, 'All decided'), h('p', {}, 'Nobody waits for you.'));

function card(entry) {
  const messages = h('div');
  const comment = h('textarea', { rows: '2', maxlength: '500', 'aria-label': `Why ${entry.project} is rejected` });
  const choices = h('div', { class: 'acts' },
    button('Reject…', () => reveal(true)), button('Approve', () => decide('approve'), 'primary'));
  const reasons = h('div', { class: 'why', hidden: true }, h('p', {}, 'What should change?'), comment,
    h('div', { class: 'acts' }, button('Cancel', () => reveal(false)), button('Reject', () => decide('reject', comment.value.trim()), 'danger')));
  const self = h('li', { 'data-id': entry.id },
    h('p', {}, h('b', {}, project(entry.project)), h('em', {}, hours(entry.hours))),
    h('p', { class: 'fine' }, h('code', {}, entry.user_id), ' · ', shortDay(entry.date)),
    entry.notes && h('p', { class: 'words' }, entry.notes), messages, choices, reasons);

  function reveal(why) {
    reasons.hidden = !why;
    choices.hidden = why;
    (why ? comment : choices.lastChild).focus();
  }

  async function decide(decision, text) {
    self.inert = true;
    try {
      await api.decide(entry.id, decision, text || undefined);
      leave(self, decision === 'approve' ? 'Approved' : 'Rejected', entry);
    } catch (error) {
      self.inert = false;
      if (error.status === 409) decided(self);
      else if (error.maxAge !== undefined) {
        const what = `${entry.project}, ${hours(entry.hours)}`;
        messages.replaceChildren(signInFirst(error.maxAge, { id: entry.id, decision, comment: text || undefined, what }));
        messages.querySelector('button').focus();
      } else messages.replaceChildren(trouble(error, () => decide(decision, text)));
    }
  }
  return self;
}

// One decision wins; whoever comes second is told so, and nothing changes.
function decided(self) {
  self.replaceChildren(note('calm', 'Already decided.', 'Somebody was faster, and the first decision counts.',
    button('Take it off my list', () => leave(self, 'Removed'), 'sm')));
  self.querySelector('button').focus();
}

function leave(self, what, entry) {
  const list = self.parentNode;
  const next = self.nextElementSibling || self.previousElementSibling;
  self.remove();
  if (next) next.querySelector('button').focus();
  else {
    list.replaceWith(nothing());
    document.querySelector('#app h1').focus();
  }
  say(entry ? `${what}: ${entry.project}, ${hours(entry.hours)}.` : `${what}.`);
}
