// The reference signs in with the phone app's client, whose one redirect URI
// is /app/callback. So the phone app's script imports this module first: if
// the answer that has just arrived there belongs to a sign-in that the
// reference began in this tab, it goes on to the reference, untouched.
//
//   import { handedOver } from '../docs/handover.js'
//   if (!handedOver) start()

export const pendingKey = 'punchcard.docs'

/** What the reference kept when it left this tab, or null. */
export function pending() {
  try {
    return JSON.parse(sessionStorage.getItem(pendingKey))
  } catch {
    return null // storage is off, or holds something else
  }
}

/** True while the browser leaves for the reference: nothing else may spend the code. */
export const handedOver = handOver()

function handOver() {
  if (location.pathname !== '/app/callback') return false
  // RFC 6749 10.12: the state says whose answer this is. A sign-in that the
  // reference began and never finished must not take the phone app's answer.
  const state = new URLSearchParams(location.search).get('state')
  const begun = pending()
  if (!state || begun?.state !== state) return false
  location.replace('/docs' + location.search + '#' + encodeURIComponent(begun.op))
  return true
}
