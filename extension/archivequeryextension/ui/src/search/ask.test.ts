// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test, vi } from 'vitest';

import { go, state } from '../state/url';
import { ask, draft, placeOf } from './ask';

test('places of mistakes', () => {
  expect(placeOf('abc', { line: 1, column: 2 })).toBe(1);
  expect(placeOf('abc\ndef', { line: 2, column: 3 })).toBe(6);
  expect(placeOf('a😀b', { line: 1, column: 3 })).toBe(3); // characters, not UTF-16
  expect(placeOf('abc', { line: 9, column: 9 })).toBe(3);
});

test('the draft follows the address', () => {
  go({ q: 'timeout' });
  draft.value = 'half ty';
  expect(state.value.q).toBe('timeout');
  go({ q: 'refused' });
  expect(draft.value).toBe('refused');
});

test('a filter that is typed with the other sign takes the place of the one that is there', async () => {
  vi.spyOn(globalThis, 'fetch').mockImplementation((url) => {
    const field = { name: 'user', from: 'json', type: 'string', records: 1, distinct: 1, values: [] };
    const data = String(url).includes('/fields') ? { looked_at: 1, complete: true, total: 1, fields: [field] } : [];
    return Promise.resolve(new Response(JSON.stringify({ status: 'success', data })));
  });
  go({ q: '', filters: [{ kind: 'json', name: 'user', op: '!=', value: '5' }] });
  draft.value = 'user=5';
  await ask();
  expect(state.value.filters).toEqual([{ kind: 'json', name: 'user', op: '=', value: '5' }]);
});
