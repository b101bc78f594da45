// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import { lastOf, readEnd, shift, zoom } from './ranges';

const now = 1_768_480_000_000;
const at = { start: now - 3600e3, end: now };
const hour = { from: 'now-1h', to: 'now' };

test('last', () => {
  expect(lastOf(hour)).toBe('Last hour');
  expect(lastOf({ from: 'now-15m', to: 'now' })).toBe('Last 15 minutes');
  expect(lastOf({ from: '1', to: 'now' })).toBe('');
});

test('zoom', () => {
  expect(zoom(hour, at, true, now)).toEqual({ from: 'now-3h', to: 'now' });
  expect(zoom(hour, at, false, now)).toEqual({ from: 'now-30m', to: 'now' });
  expect(zoom({ from: 'now-5m', to: 'now' }, { start: now - 300e3, end: now }, false, now)).toEqual({ from: 'now-150s', to: 'now' });
  const past = { start: now - 4000e3, end: now - 3000e3 };
  expect(zoom({ from: 'a', to: 'b' }, past, true, now)).toEqual({ from: String(now - 4500e3), to: String(now - 2500e3) });
  expect(zoom({ from: 'a', to: 'b' }, past, false, now)).toEqual({ from: String(now - 3750e3), to: String(now - 3250e3) });
  // Not into the future.
  expect(zoom({ from: 'a', to: 'b' }, { start: now - 100e3, end: now }, true, now)).toEqual({ from: String(now - 200e3), to: String(now) });
});

test('shift', () => {
  expect(shift(at, -1, now)).toEqual({ from: String(now - 5400e3), to: String(now - 1800e3) });
  expect(shift({ start: now - 7200e3, end: now - 3600e3 }, 1, now)).toEqual({ from: String(now - 5400e3), to: String(now - 1800e3) });
  expect(shift(at, 1, now)).toEqual({ from: String(at.start), to: String(at.end) });
});

test('ends', () => {
  expect(readEnd('now', 'UTC', now)).toBe('now');
  expect(readEnd(' Now - 2h ', 'UTC', now)).toBe('now-2h');
  expect(readEnd('now-2x', 'UTC', now)).toBe('');
  expect(readEnd('2026-01-15 13:05', 'Europe/Berlin', now)).toBe(String(Date.UTC(2026, 0, 15, 12, 5)));
  expect(readEnd('soon', 'UTC', now)).toBe('');
});
