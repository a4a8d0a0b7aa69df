// The scopes in plain words, as this app sees them. Which of them somebody
// has, only the server says.

export const IDENTITY = ['openid', 'profile', 'email', 'offline_access'];

/** What the first sign-in asks for; the rest is asked for when it is needed. */
export const FIRST = [...IDENTITY, 'read:timesheets', 'create:timesheets'];

export const API = ['read:timesheets', 'create:timesheets', 'delete:timesheets', 'approve:timesheets'];

const WORDS = {
  openid: 'know who you are',
  profile: 'know your name',
  email: 'know your e-mail address',
  offline_access: 'stay signed in',
  'read:timesheets': 'see your timesheets',
  'create:timesheets': 'add and change your hours',
  'delete:timesheets': 'delete your hours',
  'approve:timesheets': 'approve your team’s hours',
};

/** A scope as the rest of "This app may …". */
export const inWords = (scope) => WORDS[scope] || scope;

/** Who can give a scope at all, where that is not everybody. */
export const onlyFor = (scope) => (scope === 'approve:timesheets' ? 'managers' : '');
