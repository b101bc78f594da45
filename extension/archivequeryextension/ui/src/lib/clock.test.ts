// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, test } from 'vitest';

import { brief, clock, day, exactNs, interval, offset, readWall, stamp, stampNs, zoneOf } from './clock';

const t = Date.UTC(2026, 0, 15, 12, 5, 2, 120);

test('zones', () => {
  expect(zoneOf('utc')).toBe('UTC');
  expect(zoneOf('Europe/Berlin')).toBe('Europe/Berlin');
  expect(zoneOf('no/zone')).toBe(zoneOf('local'));
});

test('clocks', () => {
  expect(stamp(t, 3, 'UTC')).toBe('2026-01-15 12:05:02.120');
  expect(stamp(t, 0, 'Europe/Berlin')).toBe('2026-01-15 13:05:02');
  expect(clock(t, 0, 'Asia/Kathmandu')).toBe('17:50:02');
  expect(day(t, 'Pacific/Kiritimati')).toBe('2026-01-16');
  expect(clock(Date.UTC(1969, 11, 31, 23, 59, 59, 900), 3, 'UTC')).toBe('23:59:59.900');
  expect(stampNs('1768478702120450001', 'UTC')).toBe('2026-01-15 12:05:02.120');
  expect(exactNs('1768478702120450001', 'UTC')).toBe('2026-01-15 12:05:02.120450001');
});

test('where clocks change', () => {
  const change = Date.UTC(2026, 2, 29, 1);
  expect(offset(change - 1, 'Europe/Berlin')).toBe(3600e3);
  expect(offset(change, 'Europe/Berlin')).toBe(7200e3);
  expect(clock(change, 0, 'Europe/Berlin')).toBe('03:00:00');
});

test('ranges', () => {
  expect(interval(t, t + 60e3, 'UTC')).toBe('2026-01-15 12:05:02 – 12:06:02');
  expect(interval(t, t + 86400e3, 'UTC')).toBe('2026-01-15 12:05:02 – 2026-01-16 12:05:02');
  expect(interval(t, t + 500, 'UTC')).toBe('2026-01-15 12:05:02.120 – 12:05:02.620');
  const whole = Date.UTC(2026, 0, 15, 12);
  expect(brief(whole, whole + 300e3, 'UTC')).toEqual({ year: '2026-', text: '01-15 12:00 – 12:05' });
  expect(brief(t, t + 300e3, 'UTC').text).toBe('01-15 12:05:02 – 12:10:02');
  expect(brief(t, t + 400 * 86400e3, 'UTC').text).toBe('01-15 12:05 – 2027-02-19 12:05');
});

describe('what people type', () => {
  const check = (text: string, want: string, tz = 'UTC'): void =>
    test(text, () => {
      const ms = readWall(text, tz);
      expect(Number.isNaN(ms) ? '' : new Date(ms).toISOString()).toBe(want);
    });
  check('2026-01-15', '2026-01-15T00:00:00.000Z');
  check('2026-1-5 3:05', '2026-01-05T03:05:00.000Z');
  check(' 2026-01-15T13:05:02.5 ', '2026-01-15T13:05:02.500Z');
  check('2026-01-15 13:05', '2026-01-15T12:05:00.000Z', 'Europe/Berlin');
  check('2026-07-15 13:05', '2026-07-15T11:05:00.000Z', 'Europe/Berlin');
  check('2026-01-15T13:05:00+02:00', '2026-01-15T11:05:00.000Z', 'Europe/Berlin');
  check('1768478702120', '2026-01-15T12:05:02.120Z');
  check('1768478702', '2026-01-15T12:05:02.000Z');
  check('1768478702120450001', '2026-01-15T12:05:02.120Z');
  check('2026-13-15', '');
  check('2026-01-15 25:00', '');
  check('yesterday', '');
  check('', '');
});
