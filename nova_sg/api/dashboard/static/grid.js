// SPDX-License-Identifier: Apache-2.0
// A cell for each host, all in one canvas.

import { $, el, number, say } from './dom.js';
import { badge } from './overview.js';
import { STATES } from './services.js';

const HEIGHT = 420;
const LEAST = 4;
const MOST = 22;

let hosts = [];
let fits = null;
let size = MOST;
let columns = 1;
let cursor = -1;
let colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = [...Object.keys(STATES), 'calm', 'page', 'text'];
  colours = Object.fromEntries(names.map((name) =>
    [name, style.getPropertyValue(`--${name}`).trim()]));
}

function layout() {
  const canvas = $('grid');
  const width = canvas.parentElement.clientWidth;
  if (!width) return false;
  const ideal = Math.floor(Math.sqrt(width * HEIGHT / Math.max(1, hosts.length)));
  size = Math.max(LEAST, Math.min(MOST, ideal));
  columns = Math.max(1, Math.floor(width / size));
  const rows = Math.max(1, Math.ceil(hosts.length / columns));
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(columns * size * scale);
  canvas.height = Math.round(rows * size * scale);
  canvas.style.width = `${columns * size}px`;
  canvas.style.height = `${rows * size}px`;
  canvas.getContext('2d').setTransform(scale, 0, 0, scale, 0, 0);
  return true;
}

function cell(context, at) {
  const { kind } = hosts[at];
  const x = at % columns * size;
  const y = Math.floor(at / columns) * size;
  const inner = size - 1;
  context.globalAlpha = fits && !fits(hosts[at]) ? 0.15 : 1;
  context.fillStyle = colours[kind === 'up' ? 'calm' : kind];
  context.fillRect(x, y, inner, inner);
  // Not by colour alone, where there is room.
  if (kind !== 'up' && inner >= 9) {
    context.fillStyle = colours.page;
    context.fillText(STATES[kind][1], x + inner / 2, y + inner / 2 + 1);
  }
}

export function draw() {
  if (!layout()) return;
  const context = $('grid').getContext('2d');
  context.font = `bold ${size - 3}px sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (let at = 0; at < hosts.length; at += 1) cell(context, at);
  context.globalAlpha = 1;
  if (cursor >= 0 && cursor < hosts.length) {
    context.strokeStyle = colours.text;
    context.lineWidth = 2;
    context.strokeRect(cursor % columns * size, Math.floor(cursor / columns) * size,
      size - 1, size - 1);
  }
}

function point(at) {
  cursor = at;
  const host = hosts[at];
  say($('cell'), host
    ? `${host.host}: ${STATES[host.kind][0]}, ${host.zone}, ${host.binaries.join(', ')}` : '');
  draw();
}

function open(at) {
  if (hosts[at]) location.hash = `host=${encodeURIComponent(hosts[at].host)}`;
}

function under(event) {
  const column = Math.floor(event.offsetX / size);
  const at = Math.floor(event.offsetY / size) * columns + column;
  return column < columns && at < hosts.length ? at : -1;
}

export function update(news, marked) {
  const pointed = hosts[cursor]?.host;
  hosts = news;
  fits = marked;
  const counts = {};
  for (const { kind } of hosts) counts[kind] = (counts[kind] || 0) + 1;
  $('legend').replaceChildren(...Object.keys(STATES).filter((kind) => counts[kind])
    .map((kind) => el('li', null, badge(kind, `${number(counts[kind])} ${STATES[kind][0]}`))));
  cursor = pointed ? hosts.findIndex((each) => each.host === pointed) : -1;
  draw();
}

export function mark(marked) {
  fits = marked;
  draw();
}

export function start() {
  const canvas = $('grid');
  readColours();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    readColours();
    draw();
  });
  new ResizeObserver(draw).observe(canvas.parentElement);
  canvas.addEventListener('mousemove', (event) => {
    const at = under(event);
    if (at !== cursor) point(at);
  });
  canvas.addEventListener('mouseleave', () => point(-1));
  canvas.addEventListener('click', (event) => open(under(event)));
  canvas.addEventListener('focus', () => {
    if (cursor < 0 && hosts.length) point(0);
  });
  canvas.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
      Home: -hosts.length, End: hosts.length };
    if (event.key === 'Enter') open(cursor);
    else if (event.key in steps) {
      event.preventDefault();
      point(Math.max(0, Math.min(hosts.length - 1, cursor + steps[event.key])));
    }
  });
}
