// The form behind "add hours" and "edit": fields, their rules, and what has
// been typed. What happens with it is the business of its two screens.

import * as api from '../api.js';
import { today } from '../dates.js';
import { h } from '../dom.js';
import { draftOf, keep } from '../draft.js';
import { Problem } from '../api.js';
import { trouble } from './parts.js';

/**
 * Makes the form. address names its draft, values fills it, send(fields, draft)
 * is called with what is typed and does the rest; what it throws is shown.
 */
export function entryForm({ address, values, label, send }) {
  const draft = draftOf(address) || { values, key: crypto.randomUUID(), sent: '' };
  const messages = h('div', { role: 'alert' });
  const inputs = fields(draft.values);
  const submit = h('button', { class: 'btn primary' }, label);
  const form = h('form', { class: 'hours', novalidate: true, onsubmit: submitted, oninput: typed },
    Object.values(inputs).map((input) => input.label), messages, submit);

  const read = () => ({
    date: inputs.date.input.value, project: inputs.project.input.value.trim(),
    hours: Number(inputs.hours.input.value), notes: inputs.notes.input.value.trim(),
  });

  function typed() {
    draft.values = { ...read(), hours: inputs.hours.input.value };
    keep(address, draft);
  }

  async function submitted(event) {
    event.preventDefault();
    typed();
    if (complain(inputs, mistakes(read()))) return;
    // One key for one text: sent again after a lost answer it adds nothing
    // twice, and another text must not come under it.
    const text = JSON.stringify(read());
    if (draft.sent && draft.sent !== text) draft.key = crypto.randomUUID();
    draft.sent = text;
    keep(address, draft);
    messages.replaceChildren();
    submit.disabled = true;
    try {
      await send(read(), draft);
    } catch (error) {
      const inPlace = error instanceof Problem && complain(inputs, error.fields);
      if (!inPlace) messages.replaceChildren(trouble(error, () => form.requestSubmit()));
    } finally {
      submit.disabled = false;
    }
  }
  suggest(inputs.project.list);
  return { form, messages, read };
}

function fields(values) {
  const list = h('datalist', { id: 'projects' });
  const project = field('project', 'Project', h('input', { list: 'projects', value: values.project, maxlength: '100', autocomplete: 'off' }), list);
  return {
    date: field('date', 'Day', h('input', { type: 'date', value: values.date || today(), min: '2000-01-01', max: '2100-12-31' })),
    project: { ...project, list },
    hours: hoursField(values.hours),
    notes: field('notes', 'Notes', h('textarea', { rows: '2', maxlength: '2000' }, values.notes)),
  };
}

function field(name, text, input, ...more) {
  const message = h('small', { class: 'no', id: `${name}-message` });
  input.name = name;
  input.id = `f-${name}`;
  return { input, message, label: h('div', { class: 'field' }, h('label', { for: input.id }, text), input, more, message) };
}

// Hours count in quarters, and a thumb finds a button more easily than a key.
function hoursField(value) {
  const input = h('input', { type: 'number', step: '0.25', min: '0.25', max: '24', inputmode: 'decimal', value });
  const made = field('hours', 'Hours', input);
  const step = (by) => h('button', { type: 'button', class: 'btn', 'aria-label': by > 0 ? 'A quarter more' : 'A quarter less', onclick: () => {
    input.value = Math.min(24, Math.max(0.25, Math.round(Number(input.value) * 4 + by) / 4));
    input.dispatchEvent(new Event('input', { bubbles: true }));
  } }, by > 0 ? '+' : '−');
  const row = h('div', { class: 'quarters' });
  input.replaceWith(row);
  row.append(step(-1), input, step(1));
  return made;
}

// Only what would be silly to ask the server; its rules are its own.
function mistakes({ date, project, hours }) {
  return [
    !date && { name: 'date', detail: 'Pick a day.' },
    !project && { name: 'project', detail: 'Name the project.' },
    !(hours > 0 && hours <= 24 && Number.isInteger(hours * 4)) && { name: 'hours', detail: 'Between a quarter hour and 24, in quarters: 7.25.' },
  ].filter(Boolean);
}

// Puts each complaint beside its field. Returns whether all found a place.
function complain(inputs, complaints) {
  for (const { input, message } of Object.values(inputs)) {
    message.textContent = '';
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
  }
  const placed = complaints.filter(({ name }) => inputs[name]);
  for (const { name, detail } of placed) {
    const { input, message } = inputs[name];
    message.textContent = detail;
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', message.id);
  }
  if (placed.length) inputs[placed[0].name].input.focus();
  return placed.length > 0 && placed.length === complaints.length;
}

async function suggest(list) {
  const entries = await api.recent().catch(() => []); // the form works without
  list.append(...new Set(entries.map((entry) => entry.project)).values().map((name) => h('option', { value: name })));
}
