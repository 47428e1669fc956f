// SPDX-License-Identifier: Apache-2.0
// The zones, what is not fine, and the search.

import { $, el, number, say, show, since, table } from './dom.js';
import { STATES, words } from './services.js';

const STEP = 100;
const HOSTS = 30;

let digest = { zones: [], hosts: [], troubles: [] };
let query = '';
let limit = STEP;

export function badge(kind, text) {
  const [name, mark] = STATES[kind];
  return el('span', { class: `badge ${kind}` },
    el('span', { 'aria-hidden': 'true' }, mark), ` ${text || name}`);
}

export function hostLink(host) {
  return el('a', { href: `#host=${encodeURIComponent(host)}` }, host);
}

export function reasonOf(service) {
  const found = [];
  if (service.state === 'unknown') found.push('the backend cannot tell');
  else if (service.reason && !(service.reason in STATES)) found.push(service.reason);
  if (service.disabled) found.push(service.disabled_reason || 'disabled without a reason');
  return found.join('; ');
}

function zoneCard([zone, counts]) {
  const kinds = Object.keys(STATES).filter((kind) => counts[kind]);
  const bar = el('div', { class: 'bar', 'aria-hidden': 'true' });
  for (const kind of kinds.toReversed()) {
    const part = el('span', { class: `fill ${kind}` });
    part.style.flexGrow = counts[kind];
    bar.append(part);
  }
  return el('li', null,
    el('h3', null, zone || 'no zone'),
    el('p', null, `${number(counts.all)} ${counts.all === 1 ? 'service' : 'services'}`),
    bar,
    el('p', { class: 'counts' }, ...kinds.map((kind) =>
      badge(kind, `${number(counts[kind])} ${STATES[kind][0]}`))));
}

function draw() {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text) => terms.every((term) => text.includes(term));
  const { hosts, troubles } = digest;
  const found = terms.length ? troubles.filter((each) => fits(each.text)) : troubles;
  const rows = found.slice(0, limit).map((each) => [
    hostLink(each.host), each.binary, each.zone, badge(each.kind, words(each)),
    reasonOf(each), since(each.since)]);
  const fine = terms.length ? hosts.filter((each) => each.kind === 'up'
    && fits(`${each.host} ${each.zone} up ${each.binaries.join(' ')}`.toLowerCase())) : [];
  const shown = [];
  if (rows.length) {
    shown.push(table('Services that are not fine, newest first',
      ['Host', 'Service', 'Zone', 'State', 'Reason', 'Since'], rows));
  }
  if (fine.length) {
    shown.push(el('p', { class: 'fine' }, 'Up: ',
      ...fine.slice(0, HOSTS).flatMap((each) => [hostLink(each.host), ' ']),
      fine.length > HOSTS ? `and ${number(fine.length - HOSTS)} more` : ''));
  }
  // A link that has the focus keeps it.
  const focused = document.activeElement?.closest('#troubles')
    && document.activeElement.getAttribute('href');
  $('troubles').replaceChildren(...shown);
  if (focused) {
    for (const link of $('troubles').querySelectorAll('a')) {
      if (link.getAttribute('href') === focused) {
        link.focus({ preventScroll: true });
        break;
      }
    }
  }
  say($('summary'), terms.length
    ? `${number(found.length)} not fine, ${number(fine.length)} up match.`
    : troubles.length
      ? `${number(troubles.length)} of ${number(digest.count)} services.`
      : digest.count ? 'All services are up and enabled.' : 'There are no services.');
  show($('more'), found.length > limit);
  say($('more'), `Show ${Math.min(STEP, found.length - limit)} more of ${number(found.length - limit)}`);
  return terms.length ? (host) => fits(
    `${host.host} ${host.zone} ${STATES[host.kind][0]}`.toLowerCase()) : null;
}

// Shows what is new. Calls `marked` with what tells a host that fits.
export function update(news) {
  digest = news;
  digest.count = digest.zones.reduce((sum, [, counts]) => sum + counts.all, 0);
  $('zones').replaceChildren(...digest.zones.map(zoneCard));
  return draw();
}

export function start(marked) {
  $('search').addEventListener('input', () => {
    query = $('search').value;
    limit = STEP;
    marked(draw());
  });
  $('more').addEventListener('click', () => {
    limit += STEP;
    draw();
  });
  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest?.('input, dialog');
    if (event.key === '/' && !typing && !event.ctrlKey && !$('overview').hidden) {
      event.preventDefault();
      $('search').focus();
    }
  });
}
