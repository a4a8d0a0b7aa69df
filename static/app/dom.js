// A page is built from elements and text, never from markup: what somebody
// has typed into a note can so never become a tag or a script.

/**
 * Makes an element. attributes: "class", "onclick" and any other name; a value
 * of false or null leaves the attribute out, true makes it empty. Children are
 * nodes, text, or lists of those; null and false are skipped.
 */
export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A line drawing of 24 by 24, hidden from screen readers: words stand beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  fill(svg, { viewBox: '0 0 24 24', class: 'ico', 'aria-hidden': 'true', focusable: 'false' }, []);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

const ICONS = {
  week: 'M5 5.5h14a1.5 1.5 0 0 1 1.5 1.5v12a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 19V7A1.5 1.5 0 0 1 5 5.5zM3.5 10h17M8 3v4M16 3v4',
  add: 'M12 5v14M5 12h14',
  approvals: 'M4 12.5l5 5L20 6.5',
  profile: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  lock: 'M6.5 11h11A1.5 1.5 0 0 1 19 12.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-6A1.5 1.5 0 0 1 6.5 11zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  back: 'M14.5 5l-7 7 7 7',
  next: 'M9.5 5l7 7-7 7',
  offline: 'M3 3l18 18M8.5 15.5a5 5 0 0 1 6-.7M5 12a10 10 0 0 1 4-2.300M19 12a10 10 0 0 0-5.5-2.800M12 19.5h.01',
};

/** Tells a screen reader what has happened, without moving anybody. */
export function say(text) {
  const live = document.getElementById('say');
  live.textContent = '';
  setTimeout(() => { live.textContent = text; }, 50); // the same text twice is heard twice
}
