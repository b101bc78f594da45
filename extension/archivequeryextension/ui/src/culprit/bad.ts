// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What is compared, as the address says it. Pure functions.

import type { Interval } from '../lib/time';

/** Comparison is which records are the bad ones, and against what. */
export type Comparison =
  /** Records of level error or fatal against all others of the range. */
  | { by: 'errors' }
  /** A part of the range against what came before it, or against the rest of the range. */
  | { by: 'interval'; start: number; end: number; rest: boolean }
  /** Records that pass a LogQL pipeline against all others of the range. */
  | { by: 'filter'; filter: string };

/** errors is the pipeline that errors pass. */
export const errors = '| detected_level=~"error|fatal|critical"';

/** readBad reads `errors`, `from..to` in ms with or without `,rest`, or a pipeline; anything else is errors. */
export function readBad(text: string): Comparison {
  const m = /^(\d{1,14})\.\.(\d{1,14})(,rest)?$/.exec(text);
  if (m && Number(m[1]) < Number(m[2])) return { by: 'interval', start: Number(m[1]), end: Number(m[2]), rest: m[3] !== undefined };
  if (/^\s*[|!]/.test(text)) return { by: 'filter', filter: text.trim() };
  return { by: 'errors' };
}

/** writeBad is what readBad reads. */
export function writeBad(c: Comparison): string {
  switch (c.by) {
    case 'errors': return 'errors';
    case 'filter': return c.filter.trim();
    case 'interval': return `${Math.floor(c.start)}..${Math.ceil(c.end)}${c.rest ? ',rest' : ''}`;
  }
}

/** intervalOf is the interval that is marked as bad; null if none is. */
export function intervalOf(text: string): Interval | null {
  const c = readBad(text);
  return c.by === 'interval' ? { start: c.start, end: c.end } : null;
}

/** request are the parameters of the comparison for the API, within a range. */
export function request(c: Comparison, range: Interval): { bad: Interval; more: { bad?: string; baseline_start?: string; baseline_end?: string } } {
  const ns = (ms: number): string => `${Math.round(ms)}000000`;
  switch (c.by) {
    case 'errors': return { bad: range, more: { bad: errors } };
    case 'filter': return { bad: range, more: { bad: c.filter } };
    case 'interval': {
      const bad = { start: c.start, end: c.end };
      if (!c.rest) return { bad, more: {} };
      return { bad, more: { baseline_start: ns(Math.min(range.start, c.start)), baseline_end: ns(Math.max(range.end, c.end)) } };
    }
  }
}
