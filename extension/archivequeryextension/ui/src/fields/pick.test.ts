// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import type { FieldInfo } from '../api/types';
import { compose } from '../search/compose';
import { atLeast, byGravity, found, number, sorted, told, without } from './pick';

const field = (name: string, more: Partial<FieldInfo> = {}): FieldInfo => ({ name, from: 'metadata', type: 'string', records: 100, distinct: 3, values: [], ...more });

test('levels are listed by gravity, those that nobody knows behind', () => {
  const of = ['info', 'custom', 'fatal', 'unknown', 'error'].map((value) => ({ value, records: 1 }));
  expect(byGravity(of).map((v) => v.value)).toEqual(['fatal', 'error', 'info', 'unknown', 'custom']);
});

test('a facet counts without its own filters', () => {
  const level = { kind: 'field', op: '=', name: 'detected_level', value: 'error' } as const;
  const service = { kind: 'stream', op: '!=', name: 'service_name', value: 'web' } as const;
  expect(without([level, service], 'detected_level')).toEqual([service]);
});

test('search finds names first, then values; all of the words', () => {
  const all = [field('pod', { values: [{ value: 'HTTP-1', records: 1 }] }), field('http_status_code'), field('other')];
  expect(found(all, 'http').map((f) => f.name)).toEqual(['http_status_code', 'pod']);
  expect(found(all, 'code status').map((f) => f.name)).toEqual(['http_status_code']);
  expect(found(all, '  ')).toBe(all);
  expect(found(all, 'nothing')).toEqual([]);
});

test('fields to search by stand before constants and ids', () => {
  const all = [
    field('env', { distinct: 1 }), field('trace_id', { distinct: 99 }), field('took_ms', { distinct: 90, number: { min: 0, max: 1, p50: 0, p95: 1, p99: 1 } }),
    field('status', { records: 40 }), field('pod'), field('level'), field('path', { distinct: 22 }),
  ];
  expect(sorted(all, 100).map((f) => f.name)).toEqual(['pod', 'took_ms', 'path', 'status', 'level', 'env', 'trace_id']);
});

test('a filter for great numbers is LogQL that the query can take', () => {
  expect(atLeast(field('took_ms', { from: 'logfmt', type: 'float' }), 640.5)?.value).toBe('| logfmt | took_ms >= 640.5');
  expect(atLeast(field('wait', { from: 'json', type: 'duration' }), 0.25)?.value).toBe('| json | wait >= 0.25s');
  const own = atLeast(field('size', { type: 'int' }), 1e6);
  expect(own && compose('{service_name="web"}', [own]).logql).toBe('{service_name="web"} | size >= 1000000');
  expect(atLeast(field('pod'), 1)).toBeNull(); // no numbers
  expect(atLeast(field('a-b', { type: 'int' }), 1)).toBeNull(); // no name that LogQL can say
  expect(atLeast(field('n', { type: 'int', from: 'stream' }), 1)).toBeNull();
});

test('numbers have no exponents', () => {
  expect([number(1e-7), number(123456789.123), number(3), number(-0.5)]).toEqual(['0.0000001', '123457000', '3', '-0.5']);
});

test('what a parser finds once more is not told twice', () => {
  const all = [field('request_id'), field('request_id_extracted', { from: 'query' }), field('was_extracted', { from: 'query' }), field('request_id_extracted')];
  expect(told(all)).toEqual([all[0], all[2], all[3]]);
});
