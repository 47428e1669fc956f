// SPDX-License-Identifier: Apache-2.0
// Elements of the page. A text becomes a text, and never a piece of HTML.

export const $ = (id) => document.getElementById(id);

// Returns an element; children are elements or texts, null is left out.
export function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === 'onclick') made.addEventListener('click', value);
    else if (value === true) made.setAttribute(name, '');
    else if (value != null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((each) => each != null));
  return made;
}

export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

// Sets a text only where it changes: a screen reader speaks what is set.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function table(caption, heads, rows) {
  return el('table', null,
    el('caption', { class: 'hidden' }, caption),
    el('thead', null, el('tr', null,
      ...heads.map((head) => el('th', { scope: 'col' }, head)))),
    el('tbody', null, ...rows.map((cells) => el('tr', null,
      ...cells.map((cell, at) => el(at ? 'td' : 'th',
        { scope: at ? null : 'row', 'data-head': heads[at] }, cell ?? ''))))));
}

export const number = (count) => count.toLocaleString('en');

const UNITS = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

// Returns seconds as a reader takes them in: two units at most.
export function duration(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [size, unit] of UNITS) {
    const count = Math.floor(left / size);
    if (count || (unit === 's' && !parts.length)) parts.push(`${count} ${unit}`);
    else if (parts.length) break;
    left -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

// Returns a time of the server as an element: how long ago, and when.
export function since(text) {
  if (!text) return el('span', { class: 'faint' }, 'not known');
  const made = el('time', { datetime: text, title: text });
  age(made);
  return made;
}

function age(time) {
  const then = Date.parse(time.dateTime);
  say(time, `${duration((Date.now() - then) / 1000)} ago`);
}

export function ageAll() {
  document.querySelectorAll('time').forEach(age);
}
