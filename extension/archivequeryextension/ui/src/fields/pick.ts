// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Which fields and values the panel lists, and how. Pure.

import type { FieldInfo, ValueCount } from '../api/types';
import type { Filter } from '../state/url';

/** facets are the fields that stand above all others, with their titles. */
export const facets: { name: string; title: string; kind: Filter['kind'] }[] = [
  { name: 'detected_level', title: 'Level', kind: 'field' },
  { name: 'service_name', title: 'Service', kind: 'stream' },
];

const order = ['fatal', 'critical', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'];

/** byGravity sorts values of detected_level, the gravest first. */
export function byGravity(values: ValueCount[]): ValueCount[] {
  const rank = (v: string): number => (order.includes(v) ? order.indexOf(v) : order.length);
  return [...values].sort((a, b) => rank(a.value) - rank(b.value));
}

/** without are the filters but those of one field: what a facet counts, so that it also shows what was not chosen. */
export const without = (filters: Filter[], name: string): Filter[] => filters.filter((f) => f.name !== name);

/** keyOf tells fields of one name apart: json and logfmt may both have it. */
export const keyOf = (f: Pick<FieldInfo, 'name' | 'from'>): string => `${f.from}:${f.name}`;

/** found are the fields that a search text fits: its words are all in the name, or in a value. */
export function found(fields: FieldInfo[], text: string): FieldInfo[] {
  const words = text.toLowerCase().split(/\s+/).filter((w) => w !== '');
  if (words.length === 0) return fields;
  const within = (s: string): boolean => words.every((w) => s.toLowerCase().includes(w));
  const names = fields.filter((f) => within(f.name));
  return [...names, ...fields.filter((f) => !names.includes(f) && f.values.some((v) => within(v.value)))];
}

/** told are the fields without those that a parser of the query found once more: what it calls `x_extracted` where the record has an `x` by itself. */
export function told(fields: FieldInfo[]): FieldInfo[] {
  const own = new Set(fields.flatMap((f) => (f.from === 'query' ? [] : [f.name])));
  return fields.filter((f) => f.from !== 'query' || !f.name.endsWith('_extracted') || !own.has(f.name.slice(0, -'_extracted'.length)));
}

// What stands in the line's own columns already.
const common = /^(?:severity_(?:number|text)|level|lvl|ts|time|timestamp|msg|message)$/;

/** isId tells fields whose values are mostly different: nobody picks one from a list. */
export const isId = (f: FieldInfo): boolean => !f.number && f.distinct > 20 && f.distinct > f.records * 0.25;

/** sorted puts first the fields by which people search: those with a few values, in many records; behind them what every line shows anyway, what is
 * the same everywhere, and ids. */
export function sorted(fields: FieldInfo[], looked: number): FieldInfo[] {
  const rank = (f: FieldInfo): number => {
    const rare = looked > 0 ? 1 - Math.min(1, f.records / looked) : 1;
    const many = f.number ? 0 : Math.log10(Math.max(1, f.distinct / 10)) / 4;
    return rare + (common.test(f.name) ? 4 : f.distinct <= 1 ? 5 : isId(f) ? 7 : many);
  };
  return [...fields].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

const units: Record<string, string> = { duration: 's', bytes: 'B' };

/** atLeast is a filter for numbers of a field that are a given one or more; null if the field's values are no numbers that compare. */
export function atLeast(f: FieldInfo, value: number): Filter | null {
  if (f.from === 'stream' || !/^[a-zA-Z_]\w*$/.test(f.name) || !['int', 'float', 'duration', 'bytes'].includes(f.type)) return null;
  const parser = f.from === 'json' || f.from === 'logfmt' ? `| ${f.from} ` : '';
  return { kind: 'pipe', name: '', op: '=', value: `${parser}| ${f.name} >= ${number(value)}${units[f.type] ?? ''}` };
}

/** number writes a number without an exponent, as LogQL and people read it. */
export const number = (n: number): string => {
  if (Number.isInteger(n) && Math.abs(n) < 1e15) return String(n);
  return Number(n.toPrecision(6)).toLocaleString('en', { useGrouping: false, maximumFractionDigits: 12 });
};
