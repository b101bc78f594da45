// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import { ago, bytes, count, duration, percent, plural, short } from './format';

test('numbers', () => {
  expect([0, 999, 1000, 1234, 12345, 999999, 1.5e6, 2.5e9].map(short)).toEqual(['0', '999', '1k', '1.23k', '12.3k', '1M', '1.5M', '2.5G']);
  expect(count(1234567)).toBe('1,234,567');
  expect([0, 512, 1500, 87837800].map(bytes)).toEqual(['0 B', '512 B', '1.5 kB', '87.8 MB']);
  expect([0, 0.00001, 0.004, 0.05, 0.5, 0.998, 1].map(percent)).toEqual(['0%', '<0.01%', '0.40%', '5.0%', '50%', '>99%', '100%']);
  expect([plural(1, 'line'), plural(2000, 'line')]).toEqual(['1 line', '2,000 lines']);
});

test('durations', () => {
  expect([0, 0.0005, 0.25, 1.25, 340, 1200, 12345, 61e3, 185e3, 3600e3, 90061e3].map(duration)).toEqual([
    '0 s', '500 ns', '250 µs', '1.3 ms', '340 ms', '1.2 s', '12.3 s', '1 min 1 s', '3 min 5 s', '1 h', '1 d 1 h',
  ]);
  expect(duration(-1200)).toBe('−1.2 s');
  expect(ago(0, 500)).toBe('just now');
  expect(ago(0, 120e3)).toBe('2 min ago');
  expect(ago(0, 10 * 86400e3)).toBe('10 days ago');
  expect(ago(0, 300 * 86400e3)).toBe('10 months ago');
  expect(ago(60e3, 0)).toBe('in 1 min');
});
