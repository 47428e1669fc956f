// SPDX-License-Identifier: Apache-2.0
// The page of a host: its services, what can be done to them, its history.

import { $, el, say, show, since, table } from './dom.js';
import { badge, reasonOf } from './overview.js';
import { kind, words } from './services.js';
import { get, post } from './server.js';

// By action: the button, the question, and what it means.
const ACTIONS = {
  disable: ['Disable', 'gets no new instances. Those that run go on.'],
  enable: ['Enable', 'gets new instances again.'],
  'force-down': ['Force down', 'counts as down, whatever it says of itself, '
    + 'and its instances may be evacuated. Make sure that the host is off or '
    + 'fenced: an instance that runs twice loses data.'],
  'unset-force-down': ['Unset forced down', 'counts as up again while it beats.'],
};

let shown = null;
let acts = false;
let asked = 0;
let again = () => {};

function actionsFor(service) {
  if (!acts || !service.may_change) return [];
  return [service.disabled ? 'enable' : 'disable',
    service.forced_down ? 'unset-force-down' : 'force-down'];
}

function fact(name, value) {
  return el('div', null, el('dt', null, name), el('dd', null, value ?? ''));
}

function card(service) {
  const what = kind(service);
  const reason = reasonOf(service);
  return el('section', { class: 'service' },
    el('h3', null, service.binary, ' ', badge(what, words(service))),
    el('dl', null,
      fact('Zone', service.zone),
      reason ? fact('Reason', reason) : null,
      what === 'up' ? null : fact('Since', since(service.since)),
      fact('Last heartbeat', since(service.last_seen)),
      service.seen_by ? fact('Seen by', service.seen_by) : null,
      fact('Registered', since(service.created_at)),
      fact('Version', String(service.version)),
      fact('Id', service.uuid)),
    el('p', { class: 'buttons' }, ...actionsFor(service).map((name) =>
      el('button', { type: 'button', 'data-action': name,
        onclick: () => confirm(name, service) },
      `${ACTIONS[name][0]}${name.startsWith('unset') ? '' : ' …'}`))));
}

function transitions(history) {
  return history.length ? table('What became of the services of this host, newest first',
    ['When', 'Service', 'From', 'To', 'Reason'],
    history.map((each) => [since(each.at), each.binary, each.before ?? '', each.after ?? '',
      each.reason ?? '']))
    : el('p', null, 'Nothing is known to have changed.');
}

// Shows a host. What is asked for later wins, whatever is answered first.
export async function open(name) {
  const turn = asked += 1;
  if (shown !== name) {
    shown = name;
    say($('host-name'), name);
    $('host-services').replaceChildren();
    show($('history'), false);
  }
  let found;
  try {
    found = await get(`host?name=${encodeURIComponent(name)}`);
  } catch (error) {
    if (turn !== asked) return;
    if (error.status === 401) throw error;
    $('host-services').replaceChildren(el('p', null, error.message));
    return;
  }
  if (turn !== asked) return;
  const focused = document.activeElement?.dataset.action;
  $('host-services').replaceChildren(...found.services.map(card));
  if (focused) $('host-services').querySelector(`[data-action=${focused}]`)?.focus();
  show($('history'), Boolean(found.history));
  if (found.history) $('transitions').replaceChildren(transitions(found.history));
}

export function close() {
  shown = null;
  asked += 1;
}

let pending = null;

function confirm(action, service) {
  const [name, meaning] = ACTIONS[action];
  pending = { action, service };
  say($('confirm-title'), `${name}: ${service.binary} on ${service.host}?`);
  say($('confirm-text'), `${service.host} ${meaning}`);
  say($('confirm-error'), '');
  show($('reason-label'), action === 'disable');
  $('reason').value = '';
  say($('go'), `${name} ${service.host}`);
  $('go').className = `main ${action}`;
  $('go').disabled = false;
  $('confirm').showModal();
  (action === 'disable' ? $('reason') : $('cancel')).focus();
}

async function act(event) {
  event.preventDefault();
  const { action, service } = pending;
  const body = { host: service.host, uuid: service.uuid };
  if (action === 'disable' && $('reason').value) body.reason = $('reason').value;
  $('go').disabled = true;
  try {
    await post(`actions/${action}`, body);
  } catch (error) {
    say($('confirm-error'), error.message);
    $('go').disabled = false;
    return;
  }
  $('confirm').close();
  say($('done'), `${ACTIONS[action][0]} ${service.host}: done.`);
  again();
}

export function setActs(allowed) {
  acts = allowed;
}

export function start(refresh) {
  again = refresh;
  $('confirm').querySelector('form').addEventListener('submit', act);
  $('cancel').addEventListener('click', () => $('confirm').close());
}
