// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import type { Loss, ServiceOverview } from '../api/types';
import { flip, isLost, levelsOf, lossesInOrder, lossesInWords, sorted, timeOfService } from './model';

const service = (name: string, records: number, more: Partial<ServiceOverview> = {}): ServiceOverview => ({
  name, records, represents: records, bytes: records * 100, first: '1000000000', last: '9000000000', levels: {}, samples: [], silent: null, ...more,
});
const names = (list: ServiceOverview[]) => list.map((s) => s.name).join(' ');

describe('services', () => {
  const list = [service('b', 5, { levels: { error: 5 } }), service('a', 50), service('c', 1, { silent: { since: '1', usual_gap_ms: 5 } }), service('d', 500, { levels: { fatal: 5 }, bytes: 1, last: '1' })];
  it('come silent first, then by size', () => expect(names(sorted(list, { by: null, down: false }))).toBe('c d a b'));
  it('can be put in any order', () => {
    expect(names(sorted(list, { by: 'name', down: false }))).toBe('a b c d');
    expect(names(sorted(list, { by: 'errors', down: true }))).toBe('b d a c');
    expect(names(sorted(list, { by: 'bytes', down: false }))).toBe('d c b a');
    expect(names(sorted(list, { by: 'last', down: false }))).toBe('d a b c');
  });
  it('are turned round by a second click', () => {
    expect(flip({ by: null, down: false }, 'records')).toEqual({ by: 'records', down: true });
    expect(flip({ by: 'records', down: true }, 'records')).toEqual({ by: 'records', down: false });
    expect(flip({ by: 'records', down: true }, 'name')).toEqual({ by: 'name', down: false });
  });
  it('have the worst level first', () => expect(levelsOf({ levels: { info: 3, error: 1, debug: 0, odd: 2, warn: 1 } }).map(([l]) => l)).toEqual(['error', 'warn', 'info', 'odd']));
  it('are looked at where they have records', () => {
    const s = { first: '1000000000000', last: '9000000000000' }; // 1,000 s to 9,000 s
    expect(timeOfService(s, { start: 5e6, end: 6e6 })).toBeNull();
    expect(timeOfService(s, { start: 9.5e6, end: 9.6e6 })).toEqual({ start: 5.4e6, end: 9e6 + 1 });
    expect(timeOfService(s, null)).toEqual({ start: 5.4e6, end: 9e6 + 1 });
  });
});

describe('losses', () => {
  const loss = (kind: string, records: number): Loss => ({ component: 'x', kind, reason: '', records, text: '', url: '' });
  it('are told each by what it means, and never as a sum', () => {
    const told = (...list: Loss[]) => lossesInWords(list).map((l) => `${l.records} ${l.words}`);
    expect(told(loss('refused', 2), loss('failed', 5), loss('sampled', 1000), loss('dropped', 1), loss('failed', 4), loss('redacted', 3))).toEqual([
      '1 record was dropped', '9 records did not reach one of their destinations; others may have them', '2 records were refused; their senders may still have them',
    ]);
    expect(told(loss('failed', 1))).toEqual(['1 record did not reach one of its destinations; others may have it']);
    expect(told(loss('thinned', 7), loss('dropped', 0))).toEqual([]);
  });
  it('come before what is meant to be', () => {
    expect(lossesInOrder([loss('redacted', 900), loss('dropped', 1), loss('sampled', 1000), loss('refused', 2), loss('failed', 5)]).map((l) => l.kind)).toEqual(['failed', 'dropped', 'refused', 'sampled', 'redacted']);
    expect(isLost({ kind: 'something new' })).toBe(false);
  });
});
