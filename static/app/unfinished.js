// What was begun and could not be finished before a fresh sign-in: one decision
// about one entry. It comes back with the sign-in that was made for it, for the
// same person alone, and is taken up once.

let waiting = null;

/** Keeps what a trip has brought back. sub is who is signed in after it. */
export function bring(trip, sub) {
  waiting = trip.finish ? { ...trip.finish, someoneElse: trip.sub !== sub } : null;
}

/** Hands it out, once; null where there is none. */
export function take() {
  const taken = waiting;
  waiting = null;
  return taken;
}
