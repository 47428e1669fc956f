// SPDX-License-Identifier: Apache-2.0
// Returns what is wrong with what is shown: too little contrast, controls
// without a name, something wider than the window, something of another host.

const found = [];

function channels(colour) {
  const [, r, g, b, a = 1] = colour.match(
    /rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)/).map(Number);
  return [r, g, b, Number.isNaN(a) ? 1 : a];
}

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((each) => {
    const part = each / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function background(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = channels(getComputedStyle(each).backgroundColor);
    if (colour[3] > 0.99) return colour;
  }
  throw new Error('nothing has a background');
}

function contrast(one, other) {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const dialog = document.querySelector('dialog[open]');
const texts = document.createTreeWalker(dialog || document.body, NodeFilter.SHOW_TEXT);
let count = 0;
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  const text = texts.currentNode.data.trim();
  if (!text || !element.checkVisibility() || element.matches('.skip, noscript, caption')) continue;
  count += 1;
  const ratio = contrast(channels(getComputedStyle(element).color), background(element));
  if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 30)}`);
}
if (!count) found.push('no text');

for (const each of (dialog || document).querySelectorAll('button, input, a, canvas')) {
  if (!each.checkVisibility()) continue;
  const name = each.labels?.length ? each.labels[0].innerText
    : each.innerText || each.getAttribute('aria-labelledby');
  if (!name?.trim()) found.push(`no name: ${each.outerHTML.slice(0, 80)}`);
}

if (document.documentElement.scrollWidth > window.innerWidth) {
  found.push(`${document.documentElement.scrollWidth} px wide`);
}

for (const { name } of performance.getEntriesByType('resource')) {
  if (!name.startsWith(`${location.origin}/dashboard`)) found.push(`asks ${name}`);
}
return found;
