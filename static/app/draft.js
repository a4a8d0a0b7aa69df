// What somebody has typed survives a sign-in, a reload and a lost connection.
// It is theirs and no secret, so this tab may store it.

const DRAFT = 'punchcard.draft';

/** The draft of a form, named by its address, or null. */
export function draftOf(form) {
  try {
    const draft = JSON.parse(sessionStorage.getItem(DRAFT));
    return draft?.form === form ? draft : null;
  } catch {
    return null;
  }
}

/** Keeps {values, key, sent} for a form; there is one draft a tab. */
export const keep = (form, draft) => sessionStorage.setItem(DRAFT, JSON.stringify({ form, ...draft }));

export const drop = () => sessionStorage.removeItem(DRAFT);
