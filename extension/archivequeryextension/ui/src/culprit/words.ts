// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What was compared and what came out, in words. Pure functions.

import type { Cause, CauseKey, Culprit } from '../api/types';
import { count, percent, plural } from '../lib/format';
import { shellWord } from '../lib/shell';
import type { Comparison } from './bad';

/** kinds are what a cause is, in a word. */
export const kinds: Record<Cause['kind'], string> = { template: 'message', value: 'value', number: 'number', silence: 'silence' };

/** keyText names a cause: its service and what of it. */
export function keyText(k: CauseKey): string {
  if (k.template !== undefined && k.template !== '') return k.template;
  if (k.field !== undefined && k.field !== '') return k.value !== undefined && k.value !== '' ? `${k.field} = ${k.value}` : k.field;
  return k.service || 'all records';
}

/** liftText is how many times more often something is among the bad records than in the baseline. */
export function liftText(c: Pick<Cause, 'kind' | 'lift' | 'new' | 'baseline_records'>): string {
  if (c.kind === 'silence') return 'gone silent';
  if (c.new || c.baseline_records === 0 || !Number.isFinite(c.lift)) return 'only there';
  if (c.lift >= 999.5) return '> 999×';
  return `${c.lift >= 9.95 ? count(c.lift) : c.lift.toFixed(1)}×`;
}

/** liftWords says the same in a sentence. */
export function liftWords(c: Pick<Cause, 'kind' | 'lift' | 'new' | 'baseline_records'>): string {
  if (c.kind === 'silence') return 'it stopped';
  if (c.new || c.baseline_records === 0 || !Number.isFinite(c.lift)) return 'it is not in the baseline at all';
  return `${liftText(c)} as often as in the baseline`;
}

/** sideNames are what the two sides are called. */
export function sideNames(c: Comparison): { bad: string; baseline: string } {
  switch (c.by) {
    case 'errors': return { bad: 'errors', baseline: 'all others' };
    case 'filter': return { bad: 'matching', baseline: 'all others' };
    case 'interval': return { bad: 'marked', baseline: c.rest ? 'rest' : 'before' };
  }
}

/** lookedAt says how much of it all was read, or '' if it was all of it. */
export function lookedAt(a: Pick<Culprit, 'bad' | 'baseline'>): string {
  const parts: string[] = [];
  for (const [name, side] of [['bad', a.bad], ['baseline', a.baseline]] as const)
    if (side.looked_at < side.records) parts.push(`${count(side.looked_at)} of ${plural(side.records, `${name} record`)} (${percent(side.looked_at / side.records)})`);
  return parts.length === 0 ? '' : `Counted in a sample spread evenly over time: ${parts.join(' and ')}.`;
}

/** curl is the command that asks the same; parameters that are empty are left out. */
export function curl(url: string, params: Record<string, string | undefined>): string {
  const lines = Object.entries(params).flatMap(([name, value]) => (value ? [`  --data-urlencode ${shellWord(`${name}=${value}`)}`] : []));
  return [`curl -sS ${shellWord(url)}`, ...lines].join(' \\\n');
}

/** shadeOf are the buckets, from and up to, of `n` that are bad by time; null if the comparison is not by time. */
export function shadeOf(a: Pick<Culprit, 'bad' | 'baseline' | 'by' | 'start_ms' | 'step_ms'>, n: number): [number, number] | null {
  if (a.by !== 'interval' || n === 0) return null;
  const start = Math.min(a.bad.start_ms, a.baseline.start_ms);
  const end = Math.max(a.bad.end_ms, a.baseline.end_ms);
  const step = a.step_ms && a.step_ms > 0 ? a.step_ms : (end - start) / n;
  if (!(step > 0)) return null;
  const first = a.start_ms ?? start;
  const at = (ms: number): number => Math.min(n, Math.max(0, (ms - first) / step));
  return [Math.floor(at(a.bad.start_ms)), Math.ceil(at(a.bad.end_ms))];
}
