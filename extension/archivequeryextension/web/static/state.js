// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the page shows is what its address says, so a link shows the same to somebody else.

import { instant, isRelative, span } from './time.js';

const standard = { from: 'now-15m', to: 'now' };

// read takes the state from the address; what makes no sense there is as if it were absent.
export function read(search = location.search) {
  const params = new URLSearchParams(search);
  const range = { from: params.get('from') ?? standard.from, to: params.get('to') ?? 'now' };
  const now = Date.now();
  const valid = instant(range.from, now) < instant(range.to, now);
  return {
    query: params.get('q') ?? '',
    range: valid ? range : { ...standard },
    live: params.get('live') !== '0',
  };
}

// write puts the state into the address: as a new entry of the history, or in the place of the last.
export function write(state, { push = false } = {}) {
  const params = new URLSearchParams();
  if (state.query) params.set('q', state.query);
  if (state.range.from !== standard.from || state.range.to !== 'now') {
    params.set('from', state.range.from);
    if (state.range.to !== 'now') params.set('to', state.range.to);
  }
  if (!state.live) params.set('live', '0');
  const text = params.toString();
  const address = location.pathname + (text ? `?${text}` : '');
  if (address === location.pathname + location.search) return;
  history[push ? 'pushState' : 'replaceState'](null, '', address);
}

// quick is the range that ends now and is as long as text says.
export const quick = (text) => (span(text) ? { from: `now-${text}`, to: 'now' } : { ...standard });

// quickOf is the text of a quick range, or 'absolute'.
export const quickOf = (range) => (isRelative(range) ? range.from.slice(4) : 'absolute');
