// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe as suite, expect, test } from 'vitest';

import type { Histogram } from '../api/types';
import { bucketAt, bucketInterval, buckets, describe, grave, layers, recordsIn, snap, spikeAt, spikeText, tone, totals } from './stack';
import { ticks } from './ticks';

const t0 = Date.UTC(2026, 0, 15);
const h: Histogram = {
  start_ms: t0, end_ms: t0 + 50e3, step_ms: 10e3, levels: ['error', 'info'],
  records: { error: [0, 1, 0, 2, 0], info: [10, 10, 10, 100, 10] },
  represents: { error: [0, 1, 0, 2, 0], info: [10, 10, 25.5, 100, 4] },
  sampled: true, total: 143, total_represents: 152.5,
  spikes: [{ start_ms: t0 + 30e3, end_ms: t0 + 40e3, records: 102, usual: 11 }], notices: [],
};

suite('layers', () => {
  test('the gravest level is at the bottom; what is not stored lies above what is', () => {
    const [error, info] = layers(h);
    expect(error).toMatchObject({ level: 'error', stored: [0, 1, 0, 2, 0], beyond: [0, 0, 0, 0, 0], held: 3, total: 3 });
    expect(info).toMatchObject({ held: 140, total: 149.5 });
    expect(info?.stored).toEqual([10, 10, 10, 100, 4]); // of weights below one, no more is drawn than they stand for
    expect(info?.beyond).toEqual([0, 0, 15.5, 0, 0]);
    expect(totals(layers(h), buckets(h))).toEqual([10, 11, 25.5, 102, 4]);
  });

  test('counts that are lacking are zeros', () => {
    const all = layers({ ...h, records: {}, represents: { error: [1] } });
    expect(all[0]?.beyond).toEqual([1, 0, 0, 0, 0]);
    expect(all[1]?.stored).toEqual([0, 0, 0, 0, 0]);
    expect(layers({ ...h, levels: ['warn'], records: { warn: [3] }, represents: {} })[0]?.stored[0]).toBe(3);
  });
});

suite('buckets', () => {
  test('a time is in the bucket that begins with it', () => {
    expect(bucketAt(h, t0)).toBe(0);
    expect(bucketAt(h, t0 + 9_999)).toBe(0);
    expect(bucketAt(h, t0 + 10_000)).toBe(1);
    expect(bucketAt(h, t0 - 1)).toBe(0);
    expect(bucketAt(h, t0 + 1e9)).toBe(4);
    expect(bucketInterval(h, 2)).toEqual({ start: t0 + 20e3, end: t0 + 30e3 });
  });

  test('a drag selects to the nearest edges, in either direction, and never nothing', () => {
    expect(snap(h, t0 + 11e3, t0 + 28e3)).toEqual({ start: t0 + 10e3, end: t0 + 30e3 });
    expect(snap(h, t0 + 28e3, t0 + 11e3)).toEqual({ start: t0 + 10e3, end: t0 + 30e3 });
    expect(snap(h, t0 + 21e3, t0 + 22e3)).toEqual({ start: t0 + 20e3, end: t0 + 30e3 });
    expect(snap(h, t0 - 99e3, t0 + 99e3)).toEqual({ start: t0, end: t0 + 50e3 });
    expect(snap(h, t0 + 50e3, t0 + 50e3)).toEqual({ start: t0 + 40e3, end: t0 + 50e3 });
  });

  test('records of an interval', () => {
    const sums = totals(layers(h), buckets(h));
    expect(recordsIn(h, sums, { start: t0 + 10e3, end: t0 + 30e3 })).toBe(36.5);
    expect(recordsIn(h, sums, { start: t0 + 40e3, end: t0 + 900e3 })).toBe(4);
  });
});

suite('spikes', () => {
  test('where they are and how they are told', () => {
    expect(spikeAt(h, t0 + 30e3)).toBe(h.spikes[0]);
    expect(spikeAt(h, t0 + 40e3)).toBeUndefined();
    expect(spikeText({ records: 102, usual: 11 })).toBe('9.3× the usual');
    expect(spikeText({ records: 12345, usual: 10 })).toBe('1.2k× the usual');
    expect(spikeText({ records: 5, usual: 0 })).toBe('where there is usually nothing');
  });
});

suite('words and colours', () => {
  test('the chart in words', () => {
    expect(describe(h, 'UTC')).toBe('143 records, which stand for 153 records, 2026-01-15 00:00:00 – 00:00:50: error 2.0%, info 98%. 1 spike.');
    expect(describe({ ...h, total: 0 }, 'UTC')).toMatch(/^No records/);
  });

  test('levels without colours of their own borrow them', () => {
    expect(tone('critical')).toBe('fatal');
    expect(tone('other')).toBe('unknown');
    expect(tone('constructor')).toBe('unknown');
    expect([grave('critical'), grave('error'), grave('warn')]).toEqual([true, true, false]);
  });

  test('an axis names the day where it changes', () => {
    expect(ticks([t0 - 600e3, t0 - 300e3, t0, t0 + 300e3], 300e3, 'UTC')).toEqual(['23:50\n2026-01-14', '23:55', '00:00\n2026-01-15', '00:05']);
    expect(ticks([t0, t0 + 5e3], 5e3, 'UTC')).toEqual(['00:00:00\n2026-01-15', '00:00:05']);
    expect(ticks([t0, t0 + 50], 50, 'UTC')).toEqual(['00:00:00.000\n2026-01-15', '00:00:00.050']);
    expect(ticks([t0, t0 + 86400e3], 86400e3, 'UTC')).toEqual(['2026-01-15', '2026-01-16']);
  });

  test('a label that would be cut off is left out', () => {
    const room = (ms: number): number => (t0 + 900e3 - ms) / 10e3; // 90 pixels at t0, 30 at 00:10
    expect(ticks([t0, t0 + 300e3, t0 + 600e3, t0 + 800e3], 300e3, 'UTC', room)).toEqual(['00:00\n2026-01-15', '00:05', '', '']);
    expect(ticks([t0 + 300e3], 300e3, 'UTC', room)).toEqual(['00:05']);
    expect(ticks([t0], 300e3, 'America/New_York')).toEqual(['19:00\n2026-01-14']);
  });
});
