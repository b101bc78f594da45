// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import type { LogRecord } from '../api/types';
import { requestsOf } from '../trail/Recent';
import { firstInterval } from './Chooser';

describe('firstInterval', () => {
  const range = { start: 0, end: 1000 };
  const spike = (start_ms: number, records: number) => ({ start_ms, end_ms: start_ms + 10, records, usual: 1 });
  it('is the largest spike', () => expect(firstInterval(range, [spike(100, 5), spike(300, 50), spike(500, 7)])).toEqual({ start: 300, end: 310 }));
  it('is the end of the range without one', () => expect(firstInterval(range, [])).toEqual({ start: 800, end: 1000 }));
});

describe('requestsOf', () => {
  const record = (id: string, line: string): LogRecord => ({ time: '1', line, stream: {}, metadata: id ? { trace_id: id } : {} });
  it('has each request once, with its first record', () => {
    const found = requestsOf([record('abcdef12', 'a'), record('', 'no id'), record('abcdef12', 'b'), record('abcdef34', 'c')]);
    expect(found.map((f) => [f.id, f.record.line])).toEqual([['abcdef12', 'a'], ['abcdef34', 'c']]);
  });
  it('is bounded', () => expect(requestsOf(Array.from({ length: 100 }, (_, i) => record(`abcdef${i}`, ''))).length).toBe(10));
});
