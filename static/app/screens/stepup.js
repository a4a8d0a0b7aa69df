// Step-up, RFC 9470: the API takes a decision only from somebody who has just
// proved who they are. The app says why before the browser leaves, and comes
// back with what was begun.

import { h } from '../dom.js';
import { to } from '../router.js';
import { signInAgain } from '../session.js';
import { button, note, trouble } from './parts.js';

/** Explains, and offers the way: finish is the decision that waits. */
export function signInFirst(maxAge, finish) {
  const messages = h('div');
  const approves = finish.decision === 'approve';
  const go = async (event) => {
    event.target.disabled = true;
    try {
      await signInAgain(maxAge, { hash: to.approvals(), finish });
    } catch (error) {
      event.target.disabled = false;
      messages.replaceChildren(trouble(error));
    }
  };
  return note('calm', `Sign in again to ${approves ? 'approve' : 'reject'}.`,
    ['For this the API wants a sign-in no older than ', words(maxAge), ' ', h('code', { class: 'tag' }, `max_age=${maxAge}`),
      `. You enter your password on the server’s own page and come back here; then this is ${approves ? 'approved' : 'rejected'}.`],
    button('Sign in again', go, 'sm primary'), messages);
}

function words(seconds) {
  const whole = seconds % 60 === 0;
  const n = whole ? seconds / 60 : seconds;
  return `${n} ${whole ? 'minute' : 'second'}${n === 1 ? '' : 's'}`;
}
