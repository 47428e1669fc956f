// SPDX-License-Identifier: Apache-2.0
// What the page asks the server, and how it follows what changes.

const PATIENCE = 15000;

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let proof = '';

export function setProof(value) {
  proof = value || '';
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(`dashboard/${path}`, {
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
    });
  } catch {
    throw new Refused(0, 'The server does not answer.');
  }
  if (answer.ok || answer.status === 304) return answer;
  let message = `The server answers ${answer.status}.`;
  try {
    const [fault] = Object.values(await answer.json());
    message = fault.message || message;
  } catch {
    // Some proxy's page.
  }
  throw new Refused(answer.status, message);
}

export async function get(path) {
  return (await ask(path)).json();
}

export async function post(path, content) {
  const answer = await ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': proof },
    body: JSON.stringify(content),
  });
  return answer.status === 204 ? null : answer.json();
}

const INTERVAL = 2000;
const MOST = 30000;

// Asks for what is newer than what it has, again and again: not while nobody
// looks, and less often while the server does not answer.
export class Poll {
  constructor(news, failed) {
    this.news = news;
    this.failed = failed;
    this.running = false;
    this.asking = false;
    this.failures = 0;
    document.addEventListener('visibilitychange', () => {
      if (this.running && !document.hidden) this.now();
      else clearTimeout(this.timer);
    });
  }

  start() {
    this.revision = null;
    this.listedAt = -Infinity;
    this.running = true;
    this.failures = 0;
    return this.now();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  async now() {
    clearTimeout(this.timer);
    if (this.asking) return;
    this.asking = true;
    try {
      await this.once();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      if (this.running) this.failed(error);
    }
    this.asking = false;
    if (this.running && !document.hidden) {
      const pause = Math.min(MOST, INTERVAL * 2 ** Math.min(this.failures, 4));
      this.timer = setTimeout(() => this.now(), pause);
    }
  }

  async once() {
    const headers = this.revision ? { 'If-None-Match': this.revision } : {};
    const asked = performance.now();
    const answer = await ask('state', { headers });
    const age = Number(answer.headers.get('Nova-Sg-Age'));
    const ago = answer.headers.get('Nova-Sg-Listed-Ago');
    if (!this.running) return;
    if (answer.status === 304) {
      this.news(null, age);
      return;
    }
    // Another worker may know something older, or nothing yet. By how long ago
    // it is, which no clock of a server that is wrong, or is set, changes.
    const listedAt = (from) => (ago === null ? -Infinity : from - 1000 * ago);
    if (listedAt(performance.now()) < this.listedAt) return;
    const content = await answer.json();
    this.listedAt = listedAt(asked);
    this.revision = answer.headers.get('ETag');
    this.news(content, age);
  }
}
