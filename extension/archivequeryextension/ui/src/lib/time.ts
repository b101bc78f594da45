// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Ranges and clocks. Times are milliseconds since the epoch, as numbers; times of records are strings of nanoseconds, which a
// number cannot hold.

/** Range is what stands in the URL: each end is `now`, `now-15m`, milliseconds since the epoch, or ISO 8601. */
export interface Range {
  from: string;
  to: string;
}

/** Interval is a range as of a moment, in ms. */
export interface Interval {
  start: number;
  end: number;
}

const units: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };

/** span is the length in ms of a duration such as 15m, or 0. */
export function span(text: string): number {
  const m = /^(\d{1,5})([smhdw])$/.exec(text);
  return m ? Number(m[1]) * (units[m[2] ?? ''] ?? 0) : 0;
}

/** instant reads one end of a range; NaN if it is none. */
export function instant(text: string, now: number): number {
  if (text === 'now') return now;
  if (text.startsWith('now-')) return now - (span(text.slice(4)) || NaN);
  if (/^\d{12,14}$/.test(text)) return Number(text);
  return Date.parse(text);
}

/** resolve turns a range into an interval as of now; null if it is none. */
export function resolve(range: Range, now = Date.now()): Interval | null {
  const start = instant(range.from, now);
  const end = instant(range.to, now);
  return start < end ? { start, end } : null;
}

export const isRelative = (range: Range): boolean => range.to === 'now' && range.from.startsWith('now-');

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((s) => s * 1e3);

/** stepFor is the round width in ms of at most `buckets` buckets that cover an interval. */
export function stepFor(at: Interval, buckets = 120): number {
  const least = (at.end - at.start) / buckets;
  return steps.find((s) => s >= least) ?? Math.ceil(least / 86400e3) * 86400e3;
}

/** nsOf writes ms as nanoseconds, as the API takes them. */
export const nsOf = (ms: number): string => `${Math.round(ms)}000000`;

/** msOf reads nanoseconds as ms with a fraction; its precision is about a microsecond. */
export function msOf(ns: string): number {
  const cut = ns.length - 6;
  return cut <= 0 ? Number(ns) / 1e6 : Number(ns.slice(0, cut)) + Number(ns.slice(cut)) / 1e6;
}
