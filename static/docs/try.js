// "Try it" on the API reference: signs in as any public client does, and sends
// real requests with the token that it got.

import { begin, finish, Refusal } from './signin.js'
import { drawn, missingScope, requestOf, send } from './call.js'
import { copyable, oneLanguage } from './comfort.js'
import { h } from '../app/dom.js'

const main = document.getElementById('main')
const config = main.dataset
const state = document.getElementById('signed-in')
const forms = [...main.querySelectorAll('.try form')]
const firstScope = forms.find((form) => form.dataset.scope)?.dataset.scope

let session = null // { token, scopes, asked, expires, who }: in memory, and nowhere else
const etags = new Map() // path → the newest ETag seen, for If-Match
let newestID = '' // of an entry that was seen here

copyable(main)
oneLanguage(main)
for (const form of forms) prepare(form)
redraw()
await comeBack()

function prepare(form) {
  form.outcome = h('div', { class: 'outcome' })
  form.said = h('p', { class: 'fine', role: 'status' })
  form.ask = h('button', { type: 'button', class: 'btn' })
  form.ask.addEventListener('click', () => signIn(form, form.ask.dataset.scope))
  form.querySelector('.acts-row').append(form.ask)
  form.append(form.said)
  form.after(form.outcome)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (session) run(form)
    else signIn(form)
  })
  const key = form.elements['Idempotency-Key']
  if (key && globalThis.isSecureContext) key.value = crypto.randomUUID()
  form.elements.id?.addEventListener('input', () => { form.elements.id.dataset.typed = 'yes' })
  form.noValidate = true // nothing has to be typed before signing in; run checks
  form.hidden = false
}

/** Puts every button and line in step with the session. */
function redraw() {
  for (const form of forms) {
    const { scope } = form.dataset
    const lacks = session && scope && !session.scopes.includes(scope)
    form.querySelector('[type=submit]').textContent = !session ? 'Sign in to try' : lacks ? 'Send anyway' : 'Send'
    form.ask.hidden = !lacks
    if (lacks) offer(form, scope)
    prefill(form)
  }
  state.hidden = !session
  if (!session) return
  const forget = h('button', { type: 'button', class: 'btn' }, 'Forget the token')
  forget.addEventListener('click', () => { end('The token is forgotten here. Until it expires it would still be good.') })
  state.replaceChildren(
    'Signed in', session.who ? ' as ' : '', h('bdi', {}, session.who ?? ''), ' until ', time(session.expires), '. Token ',
    h('code', {}, session.token.slice(0, 6) + '…'), ' for ', h('code', {}, session.scopes.join(' ')), '. ', forget)
}

function time(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}

function offer(form, scope) {
  form.ask.textContent = 'Ask for ' + scope
  form.ask.dataset.scope = scope
  form.ask.hidden = false
}

/** Fills in what an earlier answer gave, where nobody has typed. */
function prefill(form) {
  const { id } = form.elements
  if (id && newestID && !id.dataset.typed) id.value = newestID
  const match = form.elements['If-Match']
  if (match && id) match.value = etags.get(id.value) ?? match.value
}

async function signIn(form, more) {
  const wanted = new Set([...(session?.scopes ?? []), more ?? (form.dataset.scope || firstScope)])
  form.said.textContent = 'Leaving for the sign-in…'
  try {
    await begin(config, [...wanted].join(' '), form.dataset.op, draftOf(form))
  } catch (e) {
    form.said.textContent = e instanceof Refusal ? e.message : 'The server cannot be reached. Try again.'
  }
}

function draftOf(form) {
  return Object.fromEntries([...new FormData(form)])
}

function restore(form, draft) {
  for (const [name, value] of Object.entries(draft ?? {})) {
    if (form.elements[name] && typeof value === 'string') form.elements[name].value = value
  }
}

/** Completes a sign-in that has come back, and returns to where it began. */
async function comeBack() {
  const back = await finish(config)
  if (!back) return
  const form = forms.find((f) => f.dataset.op === back.op)
  if (back.session) {
    session = back.session
    setTimeout(expire, Math.max(0, session.expires - Date.now()), session)
    await introduce()
  }
  if (form) restore(form, back.draft)
  redraw()
  if (!form) {
    state.hidden = false
    if (back.refusal) state.textContent = back.refusal
    return
  }
  form.closest('details').open = true
  form.closest('article').scrollIntoView()
  const { scope } = form.dataset
  const denied = session && scope && !session.scopes.includes(scope)
  form.said.textContent = back.refusal ?? (denied
    ? scope + ' was asked for and not given: it was not ticked, or your role does not have it.'
    : 'You are signed in. Send it.')
  form.querySelector('[type=submit]').focus()
}

/** Who the token speaks for, as the API itself says it. */
async function introduce() {
  try {
    const { text } = await send({ method: 'GET', url: config.base + '/api/me', headers: {} }, session.token)
    const me = JSON.parse(text)
    session.who = me.email || me.subject
  } catch { /* the line does without a name */ }
}

function expire(which) {
  if (session === which) end('The token has expired. Sign in again to go on.')
}

function end(why) {
  session = null
  redraw()
  state.hidden = false
  state.textContent = why
}

async function run(form) {
  form.noValidate = false
  const complete = form.reportValidity()
  form.noValidate = true
  if (!complete) return
  const { token } = session
  const request = requestOf(form, config.base)
  const button = form.querySelector('[type=submit]')
  button.disabled = true
  form.said.textContent = 'Sending…'
  try {
    const answer = await send(request, token)
    form.said.textContent = answer.status + ' ' + answer.statusText + ', in ' + answer.ms + ' ms'
    form.outcome.replaceChildren(...drawn(request, token, answer))
    copyable(form.outcome)
    learn(answer)
    consequences(form, answer)
  } catch (e) {
    form.said.textContent = e.name === 'TimeoutError' ? 'No answer within 15 seconds.' : 'The request did not get through. Is the server still running?'
  } finally {
    button.disabled = false
    button.focus()
  }
}

/** What a refusal means for the session. */
function consequences(form, answer) {
  const scope = missingScope(answer)
  if (scope && !session?.asked.includes(scope)) offer(form, scope)
  // RFC 6750 3.1: invalid_token, so this one will not open anything again.
  if (answer.status === 401) end('The token is not good any more: it has expired or was revoked. Sign in again.')
}

/** Remembers ids and versions, so that the next form is filled in. */
function learn(answer) {
  let body = null
  try {
    body = JSON.parse(answer.text)
  } catch { /* nothing to learn */ }
  const id = body?.id ?? body?.items?.[0]?.id
  if (typeof id !== 'string') return
  newestID = id
  const etag = answer.headers.get('ETag')
  if (etag && body.id) etags.set(id, etag)
  forms.forEach(prefill)
}
