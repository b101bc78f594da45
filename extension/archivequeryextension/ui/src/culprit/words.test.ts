// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import { sparkPaths } from '../widgets/Spark';
import { curl, keyText, liftText, lookedAt, shadeOf } from './words';

const side = (records: number, looked_at: number, start_ms = 0, end_ms = 0) => ({ records, looked_at, start_ms, end_ms });

describe('words of a comparison', () => {
  it('name a cause', () => {
    expect(keyText({ kind: 'template', service: 'a', template: 'x <*>' })).toBe('x <*>');
    expect(keyText({ kind: 'value', service: 'a', field: 'pod', value: 'p-1' })).toBe('pod = p-1');
    expect(keyText({ kind: 'number', service: 'a', field: 'took_ms' })).toBe('took_ms');
    expect(keyText({ kind: 'silence', service: 'a' })).toBe('a');
  });
  it('tell the lift', () => {
    const lift = (lift: number, baseline_records = 5) => liftText({ kind: 'value', lift, new: false, baseline_records });
    expect([lift(1.52), lift(48.4), lift(1e6), lift(3, 0)]).toEqual(['1.5×', '48×', '> 999×', 'only there']);
    expect(liftText({ kind: 'silence', lift: 0.1, new: false, baseline_records: 7 })).toBe('gone silent');
  });
  it('tell what was looked at only if it was not all', () => {
    expect(lookedAt({ bad: side(10, 10), baseline: side(90, 90) })).toBe('');
    expect(lookedAt({ bad: side(10, 10), baseline: side(200, 20) })).toContain('20 of 200 baseline records (10%)');
  });
  it('find the bad buckets', () => {
    const a = { by: 'interval' as const, bad: side(1, 1, 62_000, 80_000), baseline: side(1, 1, 2_000, 62_000), start_ms: 0, step_ms: 10_000 };
    expect(shadeOf(a, 8)).toEqual([6, 8]);
    expect(shadeOf({ ...a, by: 'filter' }, 8)).toBeNull();
    expect(shadeOf(a, 0)).toBeNull();
    expect(shadeOf({ by: 'interval', bad: side(1, 1, 50, 100), baseline: side(1, 1, 0, 50) }, 10)).toEqual([5, 10]);
  });
});

describe('curl', () => {
  it('leaves out what is not said', () =>
    expect(curl('http://x/y', { query: '{a="b"}', limit: undefined, bad: '' })).toBe(`curl -sS http://x/y \\\n  --data-urlencode 'query={a="b"}'`));
});

describe('Spark', () => {
  it('draws what is there, and nothing for nothing', () => {
    expect(sparkPaths([0, 0], null)).toEqual({ rest: '', shaded: '' });
    const p = sparkPaths([1, 0, 1000], [2, 3]);
    expect(p.rest).toBe('M0 20v-1h.8V20z');
    expect(p.shaded).toBe('M2 20v-20h.8V20z');
  });
});
