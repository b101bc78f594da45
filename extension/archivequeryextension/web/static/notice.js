// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the page says when there is something else to say than lines: errors, emptiness, partial answers.

import { $, el } from './dom.js';
import { cut, visible } from './text.js';

function show(kind, ...children) {
  const box = $('notice');
  box.className = `notice ${kind}`;
  box.setAttribute('role', kind === 'error' ? 'alert' : 'status');
  box.replaceChildren(...children.filter(Boolean));
  box.hidden = false;
}

export function clear() {
  $('notice').hidden = true;
  $('notice').replaceChildren();
}

// loading is shown only when an answer takes its time.
export function loading() {
  show('loading', el('p', {}, 'Searching …'));
}

const buttons = (choices) => el('p', { class: 'choices' },
  ...choices.map(([text, act]) => el('button', { type: 'button', click: act }, text)));

// error says what went wrong and what to do. query is the LogQL that was asked.
export function error(err, query, choices) {
  const message = visible(cut(err.message, 2000));
  const what = { 0: 'Logboom does not answer', 400: 'The query cannot be read', 401: 'Sign-in needed', 403: 'Not allowed', 503: 'Not ready yet' }[err.status]
    ?? (err.status === undefined ? 'The page made a mistake' : 'The query could not be answered');
  const todo = {
    0: 'Is it still running? The page goes on as soon as it answers.',
    400: 'Plain words find lines that hold all of them. LogQL begins with a selector, such as {service_name="checkout"}, and goes on with filters, such as |= "timeout".',
    503: 'The page asks again in a moment.',
  }[err.status] ?? 'A shorter time range or one service asks for less.';
  const place = err.status === 400 ? placeOf(message) : 0;
  show('error', el('h2', {}, what), el('p', {}, message),
    place > 0 && place <= query.length + 1 && !query.includes('\n')
      ? el('pre', {}, `${visible(query)}\n${' '.repeat(place - 1)}^`) : null,
    el('p', { class: 'muted' }, todo), buttons(choices));
}

// placeOf reads the column out of "parse error at line 1, col 23: …"; 0 when there is none.
const placeOf = (message) => Number(message.match(/\bcol(?:umn)?[ :]+(\d{1,4})/)?.[1] ?? 0);

export function empty(range, choices) {
  show('empty', el('h2', {}, 'No lines'), el('p', {}, `Nothing matches: ${range}.`), buttons(choices));
}

export function nothingYet() {
  show('empty', el('h2', {}, 'The archive is empty'),
    el('p', {}, 'Lines appear here a few seconds after Logboom received them. If none come, see whether its configuration has a receiver that something writes to, and what its own log says.'));
}

export function partial(warnings) {
  show('partial', el('h2', {}, 'Not everything could be read; this is what could'),
    el('ul', {}, ...warnings.slice(0, 10).map((w) => el('li', {}, visible(cut(String(w), 500))))));
}
