// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Moving and resizing the time range. Pure functions.

import { instant, type Interval, isRelative, type Range, span } from '../lib/time';
import { readWall } from '../lib/clock';

export const quick: [string, string][] = [
  ['5m', '5 minutes'], ['15m', '15 minutes'], ['30m', '30 minutes'], ['1h', '1 hour'], ['3h', '3 hours'], ['6h', '6 hours'],
  ['12h', '12 hours'], ['24h', '24 hours'], ['2d', '2 days'], ['7d', '7 days'], ['30d', '30 days'], ['90d', '90 days'],
];

const words: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' };

/** lastOf is `Last 15 minutes` for a range that ends now; '' for others. */
export function lastOf(r: Range): string {
  const m = isRelative(r) ? /^now-(\d+)([smhdw])$/.exec(r.from) : null;
  if (!m) return '';
  const n = Number(m[1]);
  return `Last ${n === 1 ? '' : `${n} `}${words[m[2] ?? ''] ?? ''}${n === 1 ? '' : 's'}`;
}

const fixed = (at: Interval): Range => ({ from: String(Math.floor(at.start)), to: String(Math.ceil(at.end)) });

/** shift moves a range by half its length; not into the future. */
export function shift(at: Interval, by: -1 | 1, now: number): Range {
  const move = (at.end - at.start) / 2;
  const end = by > 0 ? Math.max(Math.min(at.end + move, now), at.end) : at.end - move;
  return fixed({ start: end - (at.end - at.start), end });
}

/** zoom makes a range twice as long or half as long, about its middle; one that ends now still does. */
export function zoom(r: Range, at: Interval, out: boolean, now: number): Range {
  const length = (at.end - at.start) * (out ? 2 : 0.5);
  if (length < 10) return r;
  if (isRelative(r)) {
    const list = quick.map(([q]) => q);
    const next = out ? list.find((q) => span(q) > at.end - at.start + 1) : list.toReversed().find((q) => span(q) < at.end - at.start - 1);
    if (next) return { from: `now-${next}`, to: 'now' };
    if (!out) return { from: `now-${Math.max(1, Math.round(length / 1e3))}s`, to: 'now' };
  }
  const middle = (at.start + at.end) / 2;
  const end = Math.max(Math.min(middle + length / 2, now), at.end > now ? middle + length / 2 : 0);
  return fixed({ start: end - length, end });
}

/** readEnd reads an end of a range as people type it: `now-2h`, `2026-01-15 13:05` in the zone, ISO 8601, ms. '' if it is none. */
export function readEnd(text: string, tz: string, now: number): string {
  const t = text.trim().toLowerCase().replace(/\s*-\s*(?=\d+[smhdw]$)/, '-');
  if (/^now/.test(t)) return Number.isNaN(instant(t, now)) ? '' : t;
  const ms = readWall(text, tz);
  return Number.isNaN(ms) ? '' : String(Math.round(ms));
}
