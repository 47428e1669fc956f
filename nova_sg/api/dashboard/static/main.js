// SPDX-License-Identifier: Apache-2.0
// Who is here, what they look at, and how old it is.

import { $, ageAll, duration, say, show } from './dom.js';
import * as grid from './grid.js';
import * as host from './host.js';
import * as overview from './overview.js';
import { get, Poll, post, setProof } from './server.js';
import { digest } from './services.js';

// Seconds after which what is shown is called stale.
const STALE = 10;

const BACKEND = {
  answers: 'answers',
  behind: 'last known states',
  away: 'does not answer',
};

let known = null;
let knownAt = 0;
let age = 0;
let trouble = '';
let user = null;

const poll = new Poll((content, seconds) => {
  age = seconds;
  knownAt = performance.now();
  trouble = '';
  if (content) take(content);
  else if (location.hash.startsWith('#host=')) openHost();
  tick();
}, (error) => {
  if (error.status === 401) {
    over();
    return;
  }
  trouble = error.message;
  tick();
});

function take(content) {
  const first = !known;
  known = content;
  const { name, driver, records } = content.deployment;
  say($('deployment'), [name, `${driver}, records in ${records}`].filter(Boolean).join(' · '));
  say($('backend'), BACKEND[content.backend]);
  $('backend').className = content.backend;
  show($('facts'), true);
  document.title = name ? `Services of ${name}` : 'Services';
  const found = digest(content);
  const marked = overview.update(found);
  route();
  grid.update(found.hosts, marked);
  if (first) performance.mark('services');
}

function tick() {
  if (document.hidden) return;
  ageAll();
  if (!known) {
    say($('notice'), trouble);
    show($('notice'), Boolean(trouble));
    return;
  }
  const behind = age + (performance.now() - knownAt) / 1000;
  const nothing = known.fine === null;
  say($('age'), nothing ? 'nothing yet' : behind < 5 ? 'now' : `${duration(behind)} ago`);
  const stale = nothing || behind > STALE || trouble || known.backend === 'away';
  $('age').className = stale ? 'away' : '';
  const why = trouble || (known.backend === 'away' ? 'The backend does not answer.'
    : known.backend === 'behind' ? 'The backend cannot tell all states.' : '');
  say($('notice'), stale ? `Stale. ${why} ${nothing ? 'Nothing is known yet.'
    : 'The last known states are shown.'}` : '');
  show($('notice'), Boolean(stale));
  document.body.classList.toggle('stale', Boolean(stale));
}

function hostAsked() {
  const text = location.hash.slice('#host='.length);
  try {
    return decodeURIComponent(text);
  } catch {
    // A link that something has cut off.
    return text;
  }
}

function openHost() {
  const name = hostAsked();
  host.open(name).catch(() => poll.now());
}

// The part of the address behind # says what is shown.
function route() {
  if (!user) return;
  const isHost = location.hash.startsWith('#host=');
  const changed = $('host').hidden === isHost;
  show($('host'), isHost && user.sees);
  show($('overview'), !isHost && known !== null && user.sees);
  if (isHost) openHost();
  else {
    host.close();
    if (changed) grid.draw();
  }
  if (changed && isHost) $('host-name').focus();
}

function signedIn(found) {
  user = found;
  setProof(found.proof);
  host.setActs(found.acts);
  say($('user-name'), found.user);
  show($('user'), true);
  show($('login'), false);
  trouble = found.sees ? '' : 'Your roles do not allow you to list services.';
  if (!found.sees) {
    // Another user may have looked here before, until a session was over.
    forget();
    tick();
    return;
  }
  route();
  poll.start();
}

function forget() {
  known = null;
  show($('facts'), false);
  show($('overview'), false);
  document.body.classList.remove('stale');
}

function signedOut(why, how) {
  poll.stop();
  user = null;
  trouble = '';
  setProof('');
  if ($('confirm').open) $('confirm').close();
  show($('user'), false);
  show($('host'), false);
  if (!known) show($('overview'), false);
  say($('notice'), '');
  show($('notice'), false);
  document.body.classList.toggle('stale', known !== null);
  say($('login-why'), why || '');
  const form = $('login');
  if (how?.auth) {
    const keystone = how.auth === 'keystone';
    show($('keystone'), keystone);
    $('keystone').disabled = !keystone;
    for (const name of ['domain', 'project_domain']) {
      form.elements[name].value = form.elements[name].value || how.domain;
    }
  }
  show(form, true);
  form.elements.user.focus();
}

async function over() {
  poll.stop();
  // Of a page that came with a session nothing said how to sign in.
  const how = await get('session').catch(() => null);
  signedOut('Your session is over. What is below is not followed any more.', how);
}

async function logIn(event) {
  event.preventDefault();
  const form = $('login');
  const button = form.querySelector('button');
  say($('login-error'), '');
  button.disabled = true;
  try {
    const typed = [...new FormData(form)].filter(([, value]) => value);
    const found = await post('login', Object.fromEntries(typed));
    form.elements.password.value = '';
    signedIn(found);
  } catch (error) {
    say($('login-error'), error.message);
  }
  button.disabled = false;
}

async function logOut() {
  await post('logout', {}).catch(() => {});
  forget();
  location.hash = '';
  begin();
}

async function begin() {
  try {
    const found = await get('session');
    if (found.user) signedIn(found);
    else signedOut('', found);
  } catch (error) {
    trouble = error.message;
    setTimeout(begin, 5000);
  }
  tick();
}

overview.start(grid.mark);
grid.start();
host.start(() => {
  openHost();
  poll.now();
});
$('login').addEventListener('submit', logIn);
$('logout').addEventListener('click', logOut);
window.addEventListener('hashchange', route);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('content').focus();
});
setInterval(tick, 1000);
begin();
