// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Clocks on the wall: times in the zone that the page shows.

import { computed } from '@preact/signals';

import { state } from '../state/url';
import { msOf } from './time';

/** zoneOf is the IANA name for what stands in the address; the browser's own if it is none. */
export function zoneOf(tz: string): string {
  if (tz === 'utc') return 'UTC';
  if (tz !== 'local' && tz !== '') {
    try {
      return new Intl.DateTimeFormat('en-GB', { timeZone: tz }).resolvedOptions().timeZone;
    } catch {
      // not a zone: as if nothing were said
    }
  }
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** zone is the zone of all times shown. */
export const zone = computed(() => zoneOf(state.value.tz));

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();
const quarter = 900e3; // no zone changes its offset but at a quarter of an hour

/** offset is what a zone's clocks are ahead of UTC at a time, in ms. */
export function offset(ms: number, tz: string): number {
  if (tz === 'UTC' || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return 0;
  const slot = Math.floor(ms / quarter);
  const key = `${tz} ${slot}`;
  let out = offsets.get(key);
  if (out === undefined) {
    let f = formats.get(tz);
    if (!f) {
      f = new Intl.DateTimeFormat('en-US', {
        timeZone: tz, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
      });
      formats.set(tz, f);
    }
    const p = Object.fromEntries(f.formatToParts(slot * quarter).map((x) => [x.type, Number(x.value)]));
    out = Date.UTC(p.year ?? 0, (p.month ?? 1) - 1, p.day, p.hour, p.minute, p.second) - slot * quarter;
    if (offsets.size > 5000) offsets.clear();
    offsets.set(key, out);
  }
  return out;
}

/** wall is a date whose UTC fields show what the clock on the wall shows. */
export const wall = (ms: number, tz = zone.value): Date => new Date(ms + offset(ms, tz));

const two = (n: number): string => String(n).padStart(2, '0');

/** day is `2026-01-15`. */
export function day(ms: number, tz = zone.value): string {
  const d = wall(ms, tz);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** clock is `13:05:02`, with ms `13:05:02.120`. */
export function clock(ms: number, digits: 0 | 3 = 0, tz = zone.value): string {
  const d = wall(Math.floor(ms), tz);
  const out = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  return digits ? `${out}.${String(d.getUTCMilliseconds()).padStart(3, '0')}` : out;
}

/** stamp is `2026-01-15 13:05:02`, with ms `2026-01-15 13:05:02.120`. */
export const stamp = (ms: number, digits: 0 | 3 = 0, tz = zone.value): string => `${day(ms, tz)} ${clock(ms, digits, tz)}`;

/** clockNs and stampNs are clock and stamp, with ms, of a record's time. */
export const clockNs = (ns: string, tz = zone.value): string => clock(msOf(ns), 3, tz);
export const stampNs = (ns: string, tz = zone.value): string => stamp(msOf(ns), 3, tz);

/** exactNs is a record's time with all of its digits, `2026-01-15 13:05:02.120450001`. */
export const exactNs = (ns: string, tz = zone.value): string =>
  `${stamp(Math.floor(msOf(ns)), 0, tz)}.${ns.slice(-9).padStart(9, '0')}`;

/** interval is a range as short as it can be said: the day once if both ends are on it. */
export function interval(start: number, end: number, tz = zone.value): string {
  const digits = end - start < 10e3 ? 3 : 0;
  const to = day(start, tz) === day(end, tz) ? clock(end, digits, tz) : stamp(end, digits, tz);
  return `${stamp(start, digits, tz)} – ${to}`;
}

/** readWall reads a time as people type it, `2026-01-15 13:05`, in a zone; with a zone of its own (`Z`, `+02:00`) as it says. NaN: none. */
export function readWall(text: string, tz = zone.value): number {
  const t = text.trim();
  const m = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?$/.exec(t);
  if (!m) return /^\d{12,14}$/.test(t) ? Number(t) : /^\d{10}$/.test(t) ? Number(t) * 1e3 : /^\d{19}$/.test(t) ? msOf(t) : /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/.test(t) ? Date.parse(t) : NaN;
  const n = (i: number): number => Number(m[i] ?? 0);
  const utc = Date.UTC(n(1), n(2) - 1, n(3), n(4), n(5), n(6)) + Math.floor(Number(`0.${m[7] ?? 0}`) * 1e3);
  if (n(2) < 1 || n(2) > 12 || n(3) < 1 || n(3) > 31 || n(4) > 23 || n(5) > 59 || n(6) > 59) return NaN;
  const guess = utc - offset(utc, tz);
  return utc - offset(guess, tz);
}

/** brief is a range for a small place: without seconds where they say little. year is apart, `2026-`, to be left out where it is too long. */
export function brief(start: number, end: number, tz = zone.value): { year: string; text: string } {
  const minutes = end - start >= 1800e3 || (start % 60e3 === 0 && end % 60e3 === 0);
  const time = (ms: number): string => clock(ms, end - start < 10e3 ? 3 : 0, tz).slice(0, minutes ? 5 : undefined);
  const [a, b] = [day(start, tz), day(end, tz)];
  const years = a.slice(0, 4) === b.slice(0, 4);
  return { year: a.slice(0, 5), text: `${a.slice(5)} ${time(start)} – ${a === b ? '' : `${years ? b.slice(5) : b} `}${time(end)}` };
}
