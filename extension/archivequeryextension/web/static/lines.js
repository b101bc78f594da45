// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The list of lines, the newest first. A line that is still there after a refresh keeps its element, so
// that what is open stays open and what is read does not move.

import { newestFirst } from './api.js';
import { $, el } from './dom.js';
import { levelOf } from './levels.js';
import { canFilter } from './query.js';
import { count, cut, headOf, plural, visible } from './text.js';
import { full, timeOfDay } from './time.js';

const maxLines = 2000; // what stays in the page; the rest is a narrower search away
const maxHead = 1500; // characters of a folded line
const maxBody = 100_000; // characters of an open line, until all of it is asked for
const maxValue = 4000; // characters of one field

let shown = []; // lines in the order of the list
let nodes = new Map(); // key -> element
let marks = null; // RegExp of what was searched for, or null
let actions = { filter() {}, trail() {} };

// start names what a click on a field does: filter(name, value), trail(name, value).
export function start(given) {
  actions = given;
}

// mark names the texts to be marked in the lines that are shown from now on.
export function mark(texts) {
  const escaped = texts.filter((t) => t !== '').map((t) => visible(t).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const next = escaped.length > 0 ? new RegExp(`(${escaped.join('|')})`) : null;
  if (String(next) === String(marks)) return;
  marks = next;
  for (const node of nodes.values()) node.remove();
  nodes = new Map();
  shown = [];
}

// marked is text as nodes, with what was searched for in <mark>. A split at a captured pattern puts the
// matches at the odd places.
const marked = (text) => (marks ? text.split(marks).map((part, i) => (i % 2 ? el('mark', {}, part) : part)) : [text]);

// show replaces the list. With keep, lines that are in the list stay beside the given ones.
export function show(lines, { keep = false } = {}) {
  const wanted = new Map(lines.map((line) => [line.key, line]));
  if (keep) for (const line of shown) if (!wanted.has(line.key)) wanted.set(line.key, line);
  shown = [...wanted.values()].sort(newestFirst).slice(0, maxLines);
  const old = nodes;
  nodes = new Map();
  const list = $('lines');
  const all = shown.map((line) => {
    const node = old.get(line.key) ?? row(line);
    nodes.set(line.key, node);
    return node;
  });
  for (const [key, node] of old) if (!nodes.has(key)) node.remove();
  let next = list.firstChild;
  for (const node of all) {
    if (node === next) next = next.nextSibling;
    else list.insertBefore(node, next);
  }
}

export const oldest = () => shown.at(-1);
export const size = () => shown.length;

// closeAll folds every open line; it tells whether there was one.
export function closeAll() {
  const open = [...$('lines').querySelectorAll('button[aria-expanded="true"]')];
  open.forEach((button) => button.click());
  return open.length > 0;
}

function row(line) {
  const level = levelOf(line.fields.detected_level);
  const ms = Number(line.ns.slice(0, -6));
  const { head, more } = headOf(line.line, maxHead);
  const service = visible(cut(line.fields.service_name ?? '', 80));
  const toggle = el('button', { type: 'button', class: 'toggle', 'aria-expanded': 'false', 'aria-label': `Fields of the line of ${service || 'no service'} at ${timeOfDay(ms)}` });
  const top = el('div', { class: 'head' }, toggle,
    el('time', { datetime: full(line.ns), title: full(line.ns) }, timeOfDay(ms)),
    el('span', { class: `level level-${level}` }, visible(cut(line.fields.detected_level ?? 'unknown', 12))),
    el('span', { class: 'service', title: service }, service),
    el('span', { class: 'body' }, ...(head ? marked(head) : [el('i', {}, '(empty)')])),
    more ? el('span', { class: 'more' }, `+${plural(more, 'line')}`) : null);
  const item = el('li', { class: `line is-${level}` }, top);
  const flip = () => {
    const open = toggle.getAttribute('aria-expanded') !== 'true';
    toggle.setAttribute('aria-expanded', String(open));
    item.classList.toggle('open', open);
    if (open) item.append(detail(line));
    else item.querySelector('.detail')?.remove();
  };
  toggle.addEventListener('click', (event) => {
    event.stopPropagation();
    flip();
  });
  top.addEventListener('click', () => {
    if (String(getSelection()) === '') flip(); // whoever marks text wants the text, not the fields
  });
  return item;
}

function detail(line) {
  const body = el('pre', { class: 'whole', tabindex: 0 }, ...marked(visible(cut(line.line, maxBody))));
  const rest = line.line.length > maxBody
    ? el('button', {
      type: 'button',
      click: (event) => {
        body.textContent = visible(line.line);
        event.target.remove();
      },
    }, `Show all ${count(line.line.length)} characters`)
    : null;
  const rows = Object.entries(line.fields)
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([name, value]) => field(name, String(value)));
  return el('div', { class: 'detail' }, body, rest,
    el('table', {}, el('caption', { class: 'hidden' }, 'Fields of this line'), el('tbody', {},
      el('tr', {}, el('th', { scope: 'row' }, 'time (UTC)'), el('td', {}, full(line.ns))), ...rows)));
}

const first = ['service_name', 'detected_level', 'request_id', 'trace_id', 'span_id'];
const rank = (name) => (first.includes(name) ? first.indexOf(name) : first.length);

function field(name, value) {
  const text = visible(cut(value, maxValue)) + (value.length > maxValue ? ' …' : '');
  const usable = canFilter(name) && value.length <= maxValue;
  const button = (title, words, act) => el('button', { type: 'button', class: 'quiet', title, click: act }, words);
  return el('tr', {},
    el('th', { scope: 'row' }, visible(name)),
    el('td', {}, el('span', { class: 'value' }, text),
      usable ? button(`only lines with this ${name}`, 'only', () => actions.filter(name, value)) : null,
      usable && (name === 'request_id' || name === 'trace_id')
        ? button(`every line of every service with this ${name}`, 'all services', () => actions.trail(name, value)) : null));
}
