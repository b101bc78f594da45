// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Series of a metric query as the view shows them. Pure.

import type { Matrix } from '../api/client';

export interface Series {
  /** The labels in braces, as LogQL has them. */
  name: string;
  metric: Record<string, string>;
  /** A value for each time of the grid; null: none. */
  values: (number | null)[];
  last: number;
  min: number;
  max: number;
  mean: number;
}

export interface Grid {
  /** ms */
  times: number[];
  /** The labels of which the names of series are the values. */
  labels: string[];
  series: Series[];
}

/** sharedLabels are the names of the labels if all series have the same ones. */
export function sharedLabels(m: Matrix): string[] {
  const names = Object.keys(m.series[0]?.metric ?? {}).sort();
  const same = (metric: Record<string, string>): boolean => Object.keys(metric).length === names.length && names.every((n) => n in metric);
  return m.series.every((s) => same(s.metric)) ? names : [];
}

/** nameOf writes labels: the values alone where all series have the same names. */
export function nameOf(metric: Record<string, string>, shared: string[]): string {
  if (Object.keys(metric).length === 0) return 'all';
  if (shared.length > 0) return shared.map((n) => metric[n] || '(none)').join(' · ');
  return `{${Object.entries(metric).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(', ')}}`;
}

/** grid lays the series over common times, the greatest first. Values that are no numbers are none. */
export function grid(m: Matrix, startMs: number, endMs: number, stepMs: number): Grid {
  const n = Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1);
  const times = Array.from({ length: n }, (_, i) => startMs + i * stepMs);
  const labels = sharedLabels(m);
  const series = m.series.map((s): Series => {
    const values = new Array<number | null>(n).fill(null);
    let [min, max, sum, seen, last] = [Infinity, -Infinity, 0, 0, NaN];
    for (const [t, v] of s.values) {
      const i = Math.round((t * 1000 - startMs) / stepMs);
      if (i < 0 || i >= n || !Number.isFinite(v)) continue;
      values[i] = v;
      min = Math.min(min, v);
      max = Math.max(max, v);
      sum += v;
      seen++;
      last = v;
    }
    return { name: nameOf(s.metric, labels), metric: s.metric, values, last, min, max, mean: seen > 0 ? sum / seen : NaN };
  });
  series.sort((a, b) => b.max - a.max || a.name.localeCompare(b.name));
  return { times, labels, series: series.filter((s) => s.max > -Infinity) };
}

export type Column = 'name' | 'last' | 'min' | 'mean' | 'max';

/** sortedBy sorts series by a column of the table. */
export function sortedBy(list: Series[], by: Column, down: boolean): Series[] {
  const sign = down ? -1 : 1;
  return [...list].sort((a, b) => sign * (by === 'name' ? a.name.localeCompare(b.name) : a[by] - b[by]));
}

const cell = (v: unknown): string => {
  const s = v === null || v === undefined ? '' : String(v);
  // A spreadsheet must not take a label for a formula.
  const safe = /^[=+\-@\t\r]/.test(s) && Number.isNaN(Number(s)) ? `'${s}` : s;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** csv writes a grid with a column for each series. */
export const csv = (g: Grid): string =>
  [['time', ...g.series.map((s) => s.name)], ...g.times.map((t, i) => [new Date(t).toISOString(), ...g.series.map((s) => s.values[i])])]
    .map((row) => row.map(cell).join(','))
    .join('\n');
