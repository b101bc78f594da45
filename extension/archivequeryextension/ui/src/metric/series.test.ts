// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import { csv, grid, nameOf, sharedLabels, sortedBy } from './series';

const m = {
  series: [
    { metric: { service_name: 'web' }, values: [[10, 1], [30, 3]] as [number, number][] },
    { metric: { service_name: 'auth' }, values: [[10, 5], [20, NaN], [30, 7]] as [number, number][] },
    { metric: { service_name: '' }, values: [[20, Infinity]] as [number, number][] },
  ],
};

test('series lie over common times, the greatest first, without what is no number', () => {
  const g = grid(m, 10e3, 30e3, 10e3);
  expect(g.times).toEqual([10e3, 20e3, 30e3]);
  expect(g.series.map((s) => s.name)).toEqual(['auth', 'web']);
  expect(g.series[1]?.values).toEqual([1, null, 3]);
  expect(g.series[0]).toMatchObject({ last: 7, min: 5, max: 7, mean: 6 });
  expect(grid(m, 20e3, 20e3, 10e3).series).toEqual([]);
});

test('names are short where they can be', () => {
  expect(sharedLabels(m)).toEqual(['service_name']);
  expect(nameOf({ service_name: '' }, ['service_name'])).toBe('(none)');
  expect(nameOf({ b: '2', a: '1' }, ['a', 'b'])).toBe('1 · 2');
  const mixed = { series: [...m.series, { metric: { pod: 'x' }, values: [] }] };
  expect(sharedLabels(mixed)).toEqual([]);
  expect(nameOf({ a: 'x"y' }, [])).toBe('{a="x\\"y"}');
  expect(nameOf({}, [])).toBe('all');
});

test('series are sorted by a column', () => {
  const { series } = grid(m, 10e3, 30e3, 10e3);
  expect(sortedBy(series, 'max', false).map((s) => s.name)).toEqual(['web', 'auth']);
  expect(sortedBy(series, 'name', true).map((s) => s.name)).toEqual(['web', 'auth']);
});

test('CSV quotes, and has no formulas', () => {
  const g = grid({ series: [{ metric: { x: '=cmd|"a",b' }, values: [[10, -1]] }] }, 10e3, 20e3, 10e3);
  expect(csv(g)).toBe('time,"\'=cmd|""a"",b"\n1970-01-01T00:00:10.000Z,-1\n1970-01-01T00:00:20.000Z,');
});
