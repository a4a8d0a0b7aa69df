// Add hours.

import * as api from '../api.js';
import { hours, mondayOf, today } from '../dates.js';
import { h, say } from '../dom.js';
import { drop } from '../draft.js';
import { go, to } from '../router.js';
import { holds } from '../session.js';
import { entryForm } from './form.js';
import { screen } from './parts.js';

export function addScreen({ day }) {
  if (!holds('create:timesheets')) {
    go(to.ask('create:timesheets'), { replace: true });
    return h('div');
  }
  const { form } = entryForm({
    address: to.add(day), label: 'Add hours', values: { date: day || today(), project: '', hours: '8', notes: '' },
    async send(fields, draft) {
      await api.add(fields, draft.key);
      drop();
      go(to.week(mondayOf(fields.date)));
      say(`Added ${hours(fields.hours)} for ${fields.project}.`);
    },
  });
  return screen({ title: 'Add hours', tab: 'add', back: to.week(day && mondayOf(day)) }, form);
}
