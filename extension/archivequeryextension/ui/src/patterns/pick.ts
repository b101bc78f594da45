// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Templates as the view lists them. Pure.

import type { Patterns, Template } from '../api/types';
import { short } from '../lib/format';
import { type Interval, span } from '../lib/time';

export const baselines = [
  { value: '', text: 'the time before' },
  { value: '1d', text: 'the same time a day before' },
  { value: '1w', text: 'the same time a week before' },
  { value: 'none', text: 'nothing' },
] as const;

/** baselineOf are the parameters for what is compared with. */
export function baselineOf(baseline: string, at: Interval): Record<string, string> {
  if (baseline === 'none') return { baseline_start: 'none', baseline_end: 'none' };
  const back = span(baseline);
  if (back === 0) return {};
  return { baseline_start: `${Math.round(at.start - back)}000000`, baseline_end: `${Math.round(at.end - back)}000000` };
}

/** comparable says that the time compared with has enough lines to call something new, or more, or less. */
export const comparable = (p: Patterns): boolean => (p.baseline?.records ?? 0) >= 1 + p.records / 20;

/**
 * change says how the lines of a template compare with the baseline; null if there is nothing to say. Both their number and their share of all
 * lines must be others: of a baseline that is half empty everything has fewer lines, and beside a flood everything has a smaller share.
 */
export function change(t: Template, p: Pick<Patterns, 'records' | 'baseline'>): { text: string; more: boolean } | null {
  const before = p.baseline?.records ?? 0;
  if (t.new || t.baseline_records <= 0 || t.records <= 0 || before <= 0 || p.records <= 0) return null;
  // Of few records, chance makes more or less.
  if (Math.abs(t.records - t.baseline_records) < 3 * Math.sqrt(t.records + t.baseline_records)) return null;
  const number = t.records / t.baseline_records;
  const share = (number * before) / p.records;
  const factor = number > 1 ? Math.min(number, share) : Math.max(number, share);
  const text = (f: number): string => `${short(Number(f.toPrecision(2)))}×`;
  if (number > 1) return factor >= 1.5 ? { text: `${text(factor)} more`, more: true } : null;
  return factor <= 1 / 1.5 ? { text: `${text(1 / factor)} less`, more: false } : null;
}

export const orders = [
  { value: 'new', text: 'new ones first' },
  { value: 'many', text: 'most lines first' },
  { value: 'few', text: 'fewest lines first' },
  { value: 'changed', text: 'most changed first' },
  { value: 'grave', text: 'gravest first' },
] as const;
export type Order = (typeof orders)[number]['value'];

const gravity = ['fatal', 'critical', 'error', 'warn'];

/** worst is the gravest level of a template. */
export function worst(t: Template): string {
  return gravity.find((g) => t.levels.some((l) => l.value === g && l.records > 0)) ?? t.levels[0]?.value ?? 'unknown';
}

const rankOf = (t: Template): number => {
  const i = gravity.indexOf(worst(t));
  return i < 0 ? gravity.length : i;
};
const changeOf = (t: Template): number => (t.new ? Infinity : t.baseline_records > 0 ? Math.abs(Math.log(Math.max(t.records, 0.5) / t.baseline_records)) : 0);

/** arranged are the templates that a text fits, in an order; `new` is the server's, with new ones that are grave before other new ones. */
export function arranged(list: Template[], order: Order, text: string): Template[] {
  const words = text.toLowerCase().split(/\s+/).filter((w) => w !== '');
  const fit = list.filter((t) => {
    if (words.length === 0) return true;
    const within = `${t.template}\n${t.services.map((s) => s.value).join('\n')}\n${t.levels.map((l) => l.value).join('\n')}`.toLowerCase();
    return words.every((w) => within.includes(w));
  });
  switch (order) {
    case 'new':
      return [...fit.filter((t) => t.new).sort((a, b) => rankOf(a) - rankOf(b)), ...fit.filter((t) => !t.new)];
    case 'many':
      return [...fit].sort((a, b) => b.records - a.records);
    case 'few':
      return [...fit].sort((a, b) => a.records - b.records);
    case 'changed':
      return [...fit].sort((a, b) => changeOf(b) - changeOf(a) || b.records - a.records);
    case 'grave':
      return [...fit].sort((a, b) => rankOf(a) - rankOf(b) || b.records - a.records);
  }
}
