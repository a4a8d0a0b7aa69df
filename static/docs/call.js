// One call of the API: made from a form, sent, and shown as it went over the wire.

import { h } from '../app/dom.js'
import { snippet } from './dom.js'

const longest = 100_000 // characters of a body that are shown

/** The request that the form describes; the token is not in it yet. */
export function requestOf(form, base) {
  let path = form.dataset.path
  const query = new URLSearchParams(), headers = {}
  for (const field of form.querySelectorAll('[data-in]')) {
    const value = field.value.trim()
    if (field.dataset.in === 'path') path = path.replace('{' + field.name + '}', encodeURIComponent(value))
    else if (value && field.dataset.in === 'query') query.set(field.name, value)
    else if (value && field.dataset.in === 'header') headers[field.name] = value
  }
  const body = form.elements.body
  const request = { method: form.dataset.method, url: base + path + (query.size ? '?' + query : ''), headers }
  if (body?.value.trim()) {
    request.body = body.value
    headers['Content-Type'] = body.dataset.type
  }
  return request
}

/** Sends it, and returns what came back. Throws what fetch throws. */
export async function send(request, token) {
  const began = performance.now()
  const response = await fetch(request.url, {
    method: request.method, body: request.body, headers: { ...request.headers, Authorization: 'Bearer ' + token },
    credentials: 'omit', // the token alone decides, as it does for every other client
    cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(15000),
  })
  const text = await response.text()
  return { status: response.status, statusText: response.statusText, headers: response.headers, text, ms: Math.round(performance.now() - began) }
}

/** What was sent, with no more of the token than tells it from another. */
export function shownRequest(request, token) {
  const { host, pathname, search } = new URL(request.url)
  const lines = [request.method + ' ' + pathname + search + ' HTTP/1.1', 'Host: ' + host, 'Authorization: Bearer ' + token.slice(0, 6) + '…']
  for (const [name, value] of Object.entries(request.headers)) lines.push(name + ': ' + value)
  return lines.join('\n') + (request.body ? '\n\n' + request.body : '')
}

/** Draws request and answer. The status is a heading of its own, so that it can be announced without the body. */
export function drawn(request, token, answer) {
  const good = answer.status < 400
  const head = [...answer.headers].map(([name, value]) => name + ': ' + value).join('\n')
  return [
    h('h5', {}, 'Sent'), snippet('The request that was sent', shownRequest(request, token)),
    h('h5', {}, 'Answer ', h('span', { class: 'status ' + (good ? 'yes' : 'no') }, (answer.status + ' ' + answer.statusText).trim()), ' in ' + answer.ms + ' ms'),
    snippet('The answer', head + (answer.text ? '\n\n' + pretty(answer.text) : '')),
  ]
}

function pretty(text) {
  let out = text
  try {
    out = JSON.stringify(JSON.parse(text), null, 2)
  } catch { /* CSV, or no JSON: as it is */ }
  return out.length > longest ? out.slice(0, longest) + '\n… (' + (out.length - longest) + ' characters more)' : out
}

/** The scope that a 403 names, or null. RFC 6750 3.1: insufficient_scope, with scope="…". */
export function missingScope(answer) {
  const challenge = answer.headers.get('WWW-Authenticate') ?? ''
  return answer.status === 403 && challenge.includes('error="insufficient_scope"') ? /scope="([^"]+)"/.exec(challenge.replace(/error(_description)?="[^"]*"/g, ''))?.[1] ?? null : null
}
