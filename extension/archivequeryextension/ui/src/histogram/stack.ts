// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the histogram shows, made of the server's answer. Pure.

import type { Histogram } from '../api/types';
import { interval } from '../lib/clock';
import { percent, plural, short } from '../lib/format';
import type { Interval } from '../lib/time';

/** Layer is one level of the stack: what is stored, and above it what that stands for beyond itself (the sampled part). */
export interface Layer {
  level: string;
  stored: number[];
  beyond: number[];
  /** Records that are stored in all. */
  held: number;
  /** Records that it stands for in all. */
  total: number;
}

const known = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'];

/** tone is the token of a level's colours: --tone and --bar-tone. */
export function tone(level: string): string {
  if (level === 'critical' || level === 'emergency' || level === 'alert') return 'fatal';
  return known.includes(level) ? level : 'unknown';
}

/** grave levels stay visible in a bar however few they are. */
export const grave = (level: string): boolean => tone(level) === 'fatal' || tone(level) === 'error';

export const buckets = (h: Histogram): number => Math.max(0, Math.round((h.end_ms - h.start_ms) / h.step_ms));

/** layers are the levels from the bottom up, the gravest at the bottom, where bars have a common base. */
export function layers(h: Histogram): Layer[] {
  const n = buckets(h);
  return h.levels.map((level) => {
    const stored: number[] = [];
    const beyond: number[] = [];
    let held = 0;
    let total = 0;
    for (let i = 0; i < n; i++) {
      const s = h.records[level]?.[i] ?? 0;
      const all = h.represents[level]?.[i] ?? s;
      // A record whose weight is below one is stored more than it stands for: the bar is what it stands for.
      stored.push(Math.min(s, all));
      beyond.push(Math.max(0, all - s));
      held += s;
      total += all;
    }
    return { level, stored, beyond, held, total };
  });
}

/** totals are what a bucket stands for over all levels. */
export function totals(of: Layer[], n: number): number[] {
  const out = new Array<number>(n).fill(0);
  for (const l of of) for (let i = 0; i < n; i++) out[i] = (out[i] ?? 0) + (l.stored[i] ?? 0) + (l.beyond[i] ?? 0);
  return out;
}

export const bucketInterval = (h: Histogram, i: number): Interval => ({ start: h.start_ms + i * h.step_ms, end: h.start_ms + (i + 1) * h.step_ms });

/** bucketAt is the bucket of a time, the nearest if there is none. */
export const bucketAt = (h: Histogram, ms: number): number =>
  Math.max(0, Math.min(buckets(h) - 1, Math.floor((ms - h.start_ms) / h.step_ms)));

/** snap widens or narrows an interval to the nearest edges of buckets, one bucket at least. */
export function snap(h: Histogram, a: number, b: number): Interval {
  const n = buckets(h);
  const edge = (ms: number): number => Math.max(0, Math.min(n, Math.round((ms - h.start_ms) / h.step_ms)));
  let from = edge(Math.min(a, b));
  let to = edge(Math.max(a, b));
  if (from === to) {
    from = bucketAt(h, (a + b) / 2);
    to = from + 1;
  }
  return { start: h.start_ms + from * h.step_ms, end: h.start_ms + to * h.step_ms };
}

/** recordsIn are those that the buckets of an interval stand for. */
export function recordsIn(h: Histogram, sums: number[], at: Interval): number {
  let n = 0;
  for (let i = bucketAt(h, at.start); i < buckets(h) && h.start_ms + i * h.step_ms < at.end; i++) n += sums[i] ?? 0;
  return n;
}

export const spikeAt = (h: Histogram, ms: number): Histogram['spikes'][number] | undefined => h.spikes.find((s) => s.start_ms <= ms && ms < s.end_ms);

/** spikeFactor is how many times the usual a spike was; 0 if nothing is usual. */
export const spikeFactor = (s: { records: number; usual: number }): number => (s.usual > 0 ? s.records / s.usual : 0);

export const spikeText = (s: { records: number; usual: number }): string =>
  spikeFactor(s) > 0 ? `${short(Number(spikeFactor(s).toPrecision(2)))}× the usual` : 'where there is usually nothing';

/** describe says in a few sentences what the chart shows, for those who do not see it. */
export function describe(h: Histogram, tz: string): string {
  const when = interval(h.start_ms, h.end_ms, tz);
  if (h.total === 0) return `No records, ${when}.`;
  const levels = layers(h).map((l) => `${l.level} ${percent(l.total / h.total_represents)}`).join(', ');
  const stands = h.sampled ? `, which stand for ${plural(Math.round(h.total_represents), 'record')}` : '';
  const spikes = h.spikes.length === 0 ? '' : ` ${plural(h.spikes.length, 'spike')}.`;
  return `${plural(h.total, 'record')}${stands}, ${when}: ${levels}.${spikes}`;
}
