// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the overview shows of an archive, in order and in words. Pure functions.

import type { Loss, Overview, ServiceOverview } from '../api/types';
import { msOf } from '../lib/time';

export const columns = ['name', 'records', 'bytes', 'errors', 'last'] as const;
export type Column = (typeof columns)[number];
export interface Sort {
  by: Column | null;
  down: boolean;
}

/** errorsOf are a service's records of level error and worse. */
export const errorsOf = (s: Pick<ServiceOverview, 'levels'>): number => (s.levels['error'] ?? 0) + (s.levels['fatal'] ?? 0) + (s.levels['critical'] ?? 0);

/** sorted puts services in order; without a column the silent ones come first, then those with the most records. */
export function sorted(services: ServiceOverview[], sort: Sort): ServiceOverview[] {
  const key = (s: ServiceOverview): number | string => {
    switch (sort.by) {
      case 'name': return s.name;
      case 'bytes': return s.bytes;
      case 'errors': return errorsOf(s) / Math.max(1, s.records);
      case 'last': return msOf(s.last);
      default: return s.records;
    }
  };
  const sign = sort.by === null || sort.down ? -1 : 1;
  const compare = (a: ServiceOverview, b: ServiceOverview): number => {
    if (sort.by === null && (a.silent === null) !== (b.silent === null)) return a.silent === null ? 1 : -1;
    const [x, y] = [key(a), key(b)];
    const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y);
    return order * sign || a.name.localeCompare(b.name);
  };
  return [...services].sort(compare);
}

/** flip is what a click on a column's head makes of the order. Numbers begin with the largest, names with the first. */
export const flip = (sort: Sort, by: Column): Sort => (sort.by === by ? { by, down: !sort.down } : { by, down: by !== 'name' });

const order = ['fatal', 'critical', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'];

/** levelsOf are a service's levels, the worst first; those that it has none of are left out. */
export const levelsOf = (s: Pick<ServiceOverview, 'levels'>): [string, number][] =>
  Object.entries(s.levels).filter(([, n]) => n > 0).sort(([a], [b]) => (order.indexOf(a) + 99) % 99 - ((order.indexOf(b) + 99) % 99));

/** isLost tells what is gone, from one destination at least. What was refused the sender may still have, and the other kinds happen because the configuration says so. */
export const isLost = (l: Pick<Loss, 'kind'>): boolean => l.kind === 'dropped' || l.kind === 'failed';

const fates: Record<string, [one: string, many: string]> = {
  dropped: ['record was dropped', 'records were dropped'],
  failed: ['record did not reach one of its destinations; others may have it', 'records did not reach one of their destinations; others may have them'],
  refused: ['record was refused; its sender may still have it', 'records were refused; their senders may still have them'],
};

/** lossesInWords says of each kind that somebody should know of how many there are, and what that means. The kinds are no sum: a record may be among several. */
export function lossesInWords(list: Loss[]): { kind: string; records: number; words: string }[] {
  return Object.entries(fates).flatMap(([kind, [one, many]]) => {
    const records = list.reduce((n, l) => (l.kind === kind ? n + l.records : n), 0);
    return records > 0 ? [{ kind, records, words: records === 1 ? one : many }] : [];
  });
}

const weight = (l: Loss): number => (isLost(l) ? 2 : l.kind === 'refused' ? 1 : 0);

const lossWords: Record<string, string> = {
  dropped: 'dropped', refused: 'refused', failed: 'failed', thinned: 'thinned out', sampled: 'sampled away', diverted: 'went another way',
  truncated: 'shortened', redacted: 'redacted', unparsed: 'unparsed', deleted: 'deleted',
};
export const lossWord = (kind: string): string => lossWords[kind] ?? kind;

/** lossesInOrder: what is lost first, then what was refused, then by number. */
export const lossesInOrder = (list: Loss[]): Loss[] => [...list].sort((a, b) => weight(b) - weight(a) || b.records - a.records);

/** timeOfService is a range in ms in which a service has records: what is asked for if it lies there, else its last hour. */
export function timeOfService(s: Pick<ServiceOverview, 'first' | 'last'>, asked: { start: number; end: number } | null): { start: number; end: number } | null {
  const first = msOf(s.first);
  const last = msOf(s.last);
  if (asked && first < asked.end && last >= asked.start) return null;
  return { start: Math.floor(Math.max(first - 1, last - 3600e3)), end: Math.ceil(last) + 1 };
}

/** ratio is how many bytes of lines one stored byte holds; 0 if that is not known. */
export const ratio = (a: Overview['archive']): number => (a.raw_bytes && a.bytes > 0 ? a.raw_bytes / a.bytes : 0);
