// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// From what is in the search field and the filters to LogQL. Pure functions on text.

import type { Filter } from '../state/url';
import { opposite, unquote } from './parts';
import { isLogQL, isMetric, lineValues, type Pipeline, pipelines } from './scan';
import { escapeRegex, labelName, quote, words } from './words';

export { isLogQL } from './scan';
export { escapeRegex, quote } from './words';

export const everything = '{service_name=~".+"}';

export interface Composed {
  logql: string;
  /** The input is plain words. */
  plain: boolean;
  metric: boolean;
  /** What the words ask for and LogQL cannot say. */
  error: string;
}

/** groups puts together the filters for one name that are alternatives. */
function groups(filters: Filter[]): Filter[][] {
  const out: Filter[][] = [];
  for (const f of filters) {
    const among = f.op === '=' && f.name !== '' ? out.find((g) => g[0]?.kind === f.kind && g[0].name === f.name && g[0].op === '=') : undefined;
    if (among) among.push(f);
    else out.push([f]);
  }
  return out;
}

function matcher(g: Filter[]): string {
  const [f] = g;
  if (!f) return '';
  const name = labelName(f.name);
  return g.length === 1 ? `${name}${f.op}${quote(f.value)}` : `${name}=~${quote(g.map((o) => escapeRegex(o.value)).join('|'))}`;
}

const condition = (g: Filter[]): string => g.map((f) => `${labelName(f.name)}${f.op}${quote(f.value)}`).join(' or ');

/** standsInLine tells values that a line must hold for a parser to find them: nothing that JSON or logfmt would escape. A line filter for
 * them in front of the parser, which the archive's index answers, spares parsing all the others. */
const standsInLine = (f: Filter): boolean => f.op === '=' && /^[\w.:@-]+(?: [\w.:@-]+)*$/.test(f.value);

const pipe = (f: Filter): string => (f.op === '=' ? f.value : (opposite(f.value) ?? f.value)).trim();

interface Insert {
  at: number;
  text: string;
}

/** behindParser is the place for conditions on what a parser finds, and the parser if it is not there. */
function behindParser(p: Pipeline, kind: Filter['kind']): { at: number; parser: string } {
  const last = p.parsers.at(-1);
  if (kind === 'parsed' && last) return { at: last.to, parser: '' };
  const name = kind === 'logfmt' ? 'logfmt' : 'json';
  const there = p.parsers.find((x) => x.name === name && x.plain);
  return there ? { at: there.to, parser: '' } : { at: p.parsers.length > 0 ? (last?.to ?? p.lines) : p.lines, parser: ` | ${name}` };
}

function inserts(s: string, p: Pipeline, filters: Filter[]): Insert[] {
  const out: Insert[] = [];
  const all = groups(filters);
  const of = (...kinds: Filter['kind'][]): Filter[][] => all.filter((g) => kinds.includes(g[0]?.kind ?? 'line'));
  const matchers = of('stream').map(matcher).join(', ');
  if (matchers !== '') {
    const comma = s.slice(p.from + 1, p.to - 1).replace(/,\s*$/, '').trim() === '' ? '' : ', ';
    const end = s.slice(p.from, p.to - 1).replace(/,?\s*$/, '').length + p.from;
    out.push({ at: end, text: comma + matchers });
  }
  const lines = of('line').map(([f]) => (f ? ` ${f.op === '=' ? '|=' : '!='} ${quote(f.value)}` : '')).join('');
  if (lines !== '') out.push({ at: p.to, text: lines });
  for (const g of of('json', 'logfmt', 'parsed')) {
    if (behindParser(p, g[0]?.kind ?? 'json').parser !== '' && g.every(standsInLine))
      out.push({ at: p.lines, text: ` |= ${g.map((f) => quote(f.value)).join(' or ')}` });
  }
  const fields = of('field').map((g) => ` | ${condition(g)}`).join('');
  if (fields !== '') out.push({ at: p.lines, text: fields });
  const parsers = new Set<string>();
  for (const g of of('json', 'logfmt', 'parsed')) {
    const { at, parser } = behindParser(p, g[0]?.kind ?? 'json');
    out.push({ at, text: `${parsers.has(parser) ? '' : parser} | ${condition(g)}` });
    parsers.add(parser);
  }
  const pipes = of('pipe').map(([f]) => (f ? ` ${pipe(f)}` : '')).join('');
  if (pipes !== '') out.push({ at: p.end, text: pipes });
  return out;
}

/** narrow puts filters into a query: into each of its selectors, and behind it. */
export function narrow(logql: string, filters: Filter[]): string {
  let out = logql;
  for (const p of pipelines(logql).toReversed()) {
    // From the end to the begin; at one place, the order in which they came.
    const list = inserts(logql, p, filters).map((x, i) => ({ ...x, i })).sort((a, b) => b.at - a.at || b.i - a.i);
    for (const { at, text } of list) out = out.slice(0, at) + text + out.slice(at);
  }
  return out;
}

/** demanding tells matchers that want a value: a selector needs one of them. */
function demanding(m: string): boolean {
  const [, sign, text = ''] = /^\w+(=~?)(.*)$/s.exec(m) ?? [];
  const value = unquote(text) ?? '';
  if (sign !== '=~') return sign === '=' && value !== '';
  try {
    return !new RegExp(`^(?:${value})$`).test('');
  } catch {
    return value !== ''; // no regular expression, or none of this language: the server says what is wrong
  }
}

/** plainQuery writes the LogQL for plain words. */
function plainQuery(q: string, filters: Filter[]): { logql: string; error: string } {
  const w = words(q);
  const streams = groups(filters.filter((f) => f.kind === 'stream')).map(matcher);
  const matchers = [...w.matchers, ...streams];
  if (!matchers.some(demanding)) matchers.unshift('service_name=~".+"');
  const stages = [...w.lines, ...w.fields.map((f) => `| ${f}`)].map((x) => ` ${x}`).join('');
  return { logql: narrow(`{${matchers.join(', ')}}${stages}`, filters.filter((f) => f.kind !== 'stream')), error: w.error };
}

/** compose makes LogQL of what is in the search field and the filters. */
export function compose(q: string, filters: Filter[]): Composed {
  const text = q.trim();
  if (!isLogQL(text)) return { ...plainQuery(text, filters), plain: true, metric: false };
  let logql = text;
  if (/^[|!]/.test(logql)) logql = `${everything} ${logql}`;
  // A selector of nothing or everything says no more than a filter does.
  const all = /^\s*\{\s*(?:service_name\s*=~\s*"\.\+"\s*)?\}/;
  if (all.test(logql)) logql = logql.replace(all, filters.some((f) => f.kind === 'stream' && f.op === '=' && f.value !== '') ? '{}' : everything);
  return { logql: narrow(logql, filters), plain: false, metric: isMetric(logql), error: '' };
}

/** searched are the texts that a query's line filters look for, to be marked in lines whatever their case. */
export function searched(logql: string): string[] {
  const out = new Set<string>();
  for (const { op, value } of lineValues(logql)) {
    const text = unquote(value);
    if (text === null || text === '') continue;
    if (op === '|=') out.add(text);
    const literal = text.replace(/^\(\?i\)/, '');
    if (op === '|~' && /^(?:[^\\.+*?()|[\]{}^$]|\\[\\.+*?()|[\]{}^$])+$/.test(literal)) out.add(literal.replace(/\\(.)/g, '$1'));
  }
  return [...out].slice(0, 50);
}
