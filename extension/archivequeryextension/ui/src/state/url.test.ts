// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test } from 'vitest';

import type { LogRecord } from '../api/types';
import { addFilter, addPart, excludePart, fieldFilter, hasFilter, invertFilter, openTrail, partFilters, recordFilter, removeFilter, showRange, toggleFilter } from './nav';
import { adjust, defaults, go, read, state, type State, write } from './url';

beforeEach(() => go({ ...defaults }));

test('a state is an address, and back', () => {
  const s: State = {
    ...defaults, view: 'culprit', q: '{a="b"} |= "x&y=#z"\n| json', from: '1', to: '2', tz: 'Europe/Berlin', live: true, oldest: true, wrap: false, columns: ['a', 'b c'],
    filters: [
      { kind: 'stream', name: 'service_name', op: '=', value: 'a=b!=c' }, { kind: 'line', name: '', op: '!=', value: 'x\ny' },
      { kind: 'pipe', name: '', op: '=', value: '|> "a <_> b" != "c"' }, { kind: 'json', name: 'x', op: '!=', value: '' }, { kind: 'field', name: 'a!=b%3D', op: '=', value: '%' },
    ],
    line: '1.2', id: 'abc', bad: '1..2', baseline: 'none',
  };
  expect(read(write(s))).toEqual(s);
  expect(write(defaults)).toBe('');
  expect(read('')).toEqual(defaults);
  expect(read('?view=nothing&f=nonsense&f=x:y=z').filters).toEqual([]);
});

test('go can be gone back from, adjust cannot', () => {
  const before = history.length;
  adjust({ wrap: false });
  expect(history.length).toBe(before);
  go({ q: 'x' });
  expect(history.length).toBe(before + 1);
  expect(location.search).toBe('?q=x&wrap=0');
});

test('filters', () => {
  const f = { kind: 'field', name: 'a', op: '=', value: 'b' } as const;
  addFilter(f);
  addFilter({ ...f, value: 'c' });
  addFilter({ ...f, op: '!=' });
  expect(state.value.filters).toEqual([{ ...f, value: 'c' }, { ...f, op: '!=' }]);
  expect(hasFilter(f)).toBe('!=');
  invertFilter(f);
  expect(hasFilter(f)).toBe('=');
  toggleFilter(f);
  expect(hasFilter(f)).toBe(null);
  removeFilter({ ...f, value: 'c' });
  expect(state.value.filters).toEqual([]);
});

test('filters of fields, records and parts', () => {
  expect(fieldFilter({ name: 'a', from: 'metadata' }, 'v').kind).toBe('field');
  expect(fieldFilter({ name: 'a', from: 'logfmt' }, 'v', '!=')).toEqual({ kind: 'logfmt', name: 'a', value: 'v', op: '!=' });
  const r: LogRecord = { time: '1', line: 'x', stream: { s: '1' }, metadata: { m: '2' } };
  expect(recordFilter(r, 's')).toEqual({ kind: 'stream', name: 's', value: '1', op: '=' });
  expect(recordFilter(r, 'm').kind).toBe('field');
  expect(recordFilter({ ...r, parsed: { p: '3' } } as LogRecord, 'p')).toEqual({ kind: 'parsed', name: 'p', value: '3', op: '=' });
  expect(partFilters({ service: 'cart', matcher: 'service_name="cart"', filter: '| pod="x"' })).toEqual([
    { kind: 'stream', name: 'service_name', op: '=', value: 'cart' }, { kind: 'field', name: 'pod', op: '=', value: 'x' },
  ]);
  addPart({ service: 'cart', filter: '|> "a <_>"' }, { view: 'lines' });
  expect(state.value.filters.map((f) => f.value)).toEqual(['cart', '|> "a <_>"']);
  excludePart({ filter: '|> "a <_>"' });
  expect(state.value.filters.at(-1)).toEqual({ kind: 'pipe', name: '', op: '!=', value: '|> "a <_>"' });
});

test('ways', () => {
  openTrail(' x ');
  expect([state.value.view, state.value.id]).toEqual(['trail', 'x']);
  showRange(1.5, 2.5, { view: 'lines' });
  expect([state.value.view, state.value.from, state.value.to]).toEqual(['lines', '1', '3']);
});
