// Days are local and have no time: "2026-11-16" is a square on the wall
// calendar, wherever the person is. Date's own ISO forms are UTC, and would
// put a Monday evening in New York on a Tuesday, so they are never used here.

const two = (n) => String(n).padStart(2, '0');

/** A local Date as YYYY-MM-DD. */
export const dayOf = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** YYYY-MM-DD as a local Date at noon, which no summer time moves to another day. */
export function dateOf(day) {
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year, month - 1, date, 12);
}

export const today = () => dayOf(new Date());

export function plusDays(day, n) {
  const date = dateOf(day);
  date.setDate(date.getDate() + n);
  return dayOf(date);
}

/** The Monday of a day's week. */
export const mondayOf = (day) => plusDays(day, -((dateOf(day).getDay() + 6) % 7));

export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && dayOf(dateOf(text)) === text;

const format = (options) => {
  const f = new Intl.DateTimeFormat('en-GB', options);
  return (day) => f.format(dateOf(day));
};

export const weekday = format({ weekday: 'long' });
export const shortDay = format({ weekday: 'short', day: 'numeric', month: 'short' });
export const longDay = format({ weekday: 'long', day: 'numeric', month: 'long' });
const dayMonth = format({ day: 'numeric', month: 'short' });

/** "16 Nov – 22 Nov" */
export const weekName = (monday) => `${dayMonth(monday)} – ${dayMonth(plusDays(monday, 6))}`;

/** "7.5 h", as people write it. */
export const hours = (n) => `${Math.round(n * 100) / 100} h`;

/** "3:31", minutes and seconds of a span in milliseconds. */
export function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}
