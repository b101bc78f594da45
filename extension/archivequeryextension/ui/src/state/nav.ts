// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Ways from one view to another, and to another question.

import type { FieldInfo, LogRecord } from '../api/types';
import { simplePart } from '../search/parts';
import { type Filter, go, state, type State } from './url';

const same = (a: Filter, b: Filter): boolean => a.kind === b.kind && a.name === b.name && a.value === b.value;

/** hasFilter says with which sign a condition is among the filters; null if it is not. */
export const hasFilter = (f: Omit<Filter, 'op'>): '=' | '!=' | null => state.value.filters.find((o) => same(o, { op: '=', ...f }))?.op ?? null;

/** withFilter are the filters with one more; its own opposite goes. */
export const withFilter = (list: Filter[], f: Filter): Filter[] => [...list.filter((o) => !same(o, f)), f];

/** addFilter narrows the question. Several values of one name are alternatives, so a second click on a facet adds to the first. */
export const addFilter = (f: Filter, more: Partial<State> = {}): void => go({ filters: withFilter(state.peek().filters, f), line: '', ...more });

export const removeFilter = (f: Filter): void => go({ filters: state.peek().filters.filter((o) => !same(o, f)), line: '' });

/** toggleFilter is a click on a facet: on, and off again. */
export const toggleFilter = (f: Filter): void => (hasFilter(f) === f.op ? removeFilter(f) : addFilter(f));

export const invertFilter = (f: Filter): void =>
  go({ filters: state.peek().filters.map((o) => (same(o, f) ? { ...o, op: o.op === '=' ? '!=' : '=' } : o)), line: '' });

/** fieldFilter is the filter for a value of a field, as /fields tells of it. */
export function fieldFilter(field: Pick<FieldInfo, 'name' | 'from'>, value: string, op: Filter['op'] = '='): Filter {
  return { kind: field.from === 'metadata' ? 'field' : field.from === 'query' ? 'parsed' : field.from, name: field.name, value, op };
}

/** recordFilter is the filter for a value of a record: a stream label, structured metadata, or what a parser of the query found. */
export function recordFilter(r: LogRecord, name: string, op: Filter['op'] = '='): Filter {
  const kind = name in r.stream ? 'stream' : name in r.metadata ? 'field' : 'parsed';
  const value = r.stream[name] ?? r.metadata[name] ?? (r as { parsed?: Record<string, string> }).parsed?.[name] ?? '';
  return { kind, name, value, op };
}

/** partFilters are the filters for a `matcher` and a `filter` of an answer; service comes in front if it is given. */
export function partFilters(part: { service?: string; matcher?: string; filter?: string }): Filter[] {
  const out: Filter[] = [];
  if (part.service) out.push({ kind: 'stream', name: 'service_name', op: '=', value: part.service });
  const matcher = part.matcher ? simplePart(`| ${part.matcher}`) : null;
  if (matcher?.kind === 'field') out.push({ ...matcher, kind: 'stream' });
  if (part.filter) out.push(simplePart(part.filter));
  return out.filter((f, i) => out.findIndex((o) => same(o, f)) === i);
}

/** addPart narrows the question to what a template, a cause or a field stands for. `view: 'lines'` in more shows its lines. */
export const addPart = (part: { service?: string; matcher?: string; filter?: string }, more: Partial<State> = {}): void =>
  go({ filters: partFilters(part).reduce(withFilter, state.peek().filters), line: '', ...more });

/** excludePart leaves out the lines of a template or a value (its service stays). */
export const excludePart = (part: { matcher?: string; filter?: string }, more: Partial<State> = {}): void =>
  go({ filters: partFilters(part).map((f): Filter => ({ ...f, op: '!=' })).reduce(withFilter, state.peek().filters), line: '', ...more });

/** openTrail shows everything of a request or a trace. */
export const openTrail = (id: string): void => go({ view: 'trail', id: id.trim(), live: false });

/** showRange narrows or widens the time, in ms. */
export const showRange = (start: number, end: number, more: Partial<State> = {}): void =>
  go({ from: String(Math.floor(start)), to: String(Math.ceil(end)), live: false, line: '', ...more });

/** openCulprit asks what is different in an interval (in ms), or in the errors. */
export const openCulprit = (bad: { start: number; end: number } | 'errors'): void =>
  go({ view: 'culprit', bad: bad === 'errors' ? bad : `${Math.floor(bad.start)}..${Math.ceil(bad.end)}`, live: false });
