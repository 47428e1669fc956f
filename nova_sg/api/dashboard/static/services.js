// SPDX-License-Identifier: Apache-2.0
// What the server tells of services, as the page needs it.

// By what a service is, worst first: how it is called, and its mark.
export const STATES = {
  stopped: ['stopped', '■'],
  silent: ['silent', '✕'],
  wedged: ['wedged', '▲'],
  down: ['down', '✕'],
  forced: ['forced down', '▼'],
  unknown: ['unknown', '?'],
  disabled: ['disabled', '–'],
  up: ['up', '✓'],
};

const ORDER = Object.keys(STATES);

// Returns what a service is, in one word: a key of STATES.
export function kind(service) {
  if (service.forced_down) return 'forced';
  if (service.state === 'unknown') return 'unknown';
  if (service.state === 'down') {
    return service.reason in STATES ? service.reason : 'down';
  }
  return service.disabled ? 'disabled' : 'up';
}

// Returns all words that fit a service.
export function words(service) {
  const found = [STATES[kind(service)][0]];
  if (service.disabled && found[0] !== 'disabled') found.push('disabled');
  return found.join(', ');
}

export const worse = (one, other) =>
  ORDER.indexOf(one) < ORDER.indexOf(other) ? one : other;

const byText = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

// Makes of a document of the server: zones with counts, hosts, troubles.
export function digest(content) {
  const zones = new Map();
  const hosts = new Map();
  const take = (host, zone, what, binary) => {
    let counts = zones.get(zone);
    if (!counts) zones.set(zone, counts = { all: 0 });
    counts.all += 1;
    counts[what] = (counts[what] || 0) + 1;
    const known = hosts.get(host);
    if (!known) hosts.set(host, { host, zone, kind: what, binaries: [binary] });
    else {
      known.kind = worse(known.kind, what);
      known.binaries.push(binary);
    }
  };
  for (const [host, binary, zone] of content.fine || []) {
    take(host, content.zones[zone], 'up', content.binaries[binary]);
  }
  for (const each of content.others) {
    each.kind = kind(each);
    each.text = [each.host, each.binary, each.zone, words(each), each.reason,
      each.disabled_reason].join(' ').toLowerCase();
    take(each.host, each.zone, each.kind, each.binary);
  }
  // Newest first; what nobody knows the age of comes last.
  const troubles = content.others.toSorted((one, other) =>
    byText(other.since || '', one.since || '') || byText(one.host, other.host));
  const sorted = [...hosts.values()].sort((one, other) =>
    byText(one.zone, other.zone) || byText(one.host, other.host));
  const names = [...zones.keys()].sort();
  return { zones: names.map((zone) => [zone, zones.get(zone)]), hosts: sorted, troubles };
}
