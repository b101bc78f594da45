// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// When words are asked for, their fields are looked up: what is only in the lines needs a parser and becomes a filter; what is no field at
// all was meant as text. So a link says all, and asks for the same tomorrow.

import type { FieldInfo } from '../api/types';
import type { Filter } from '../state/url';
import { isLogQL } from './scan';
import { aliases, conditionOf, labelName, quote, read, resolveName, type Term } from './words';

export interface Settled {
  q: string;
  filters: Filter[];
}

/** always are fields of which nobody needs to ask. */
const always = new Set(['service_name', 'detected_level', 'trace_id', 'span_id']);

type Fields = ReadonlyMap<string, readonly Pick<FieldInfo, 'from' | 'records'>[]>;

/** parserOf is the parser that finds a field in most records. */
const parserOf = (places: readonly Pick<FieldInfo, 'from' | 'records'>[]): 'json' | 'logfmt' =>
  places.toSorted((a, b) => b.records - a.records).find((f) => f.from === 'json' || f.from === 'logfmt')?.from === 'logfmt' ? 'logfmt' : 'json';

function filterOf(t: Term, name: string, kind: 'field' | 'json' | 'logfmt'): Filter {
  const op = t.op === '!=' ? '!=' : '=';
  if (t.op === '=' || t.op === '!=') return { kind, name, value: t.value, op: t.not ? (op === '=' ? '!=' : '=') : op };
  const value = /^[<>]/.test(t.op) ? ` ${t.op} ${t.value}` : t.op + quote(t.value);
  return { kind: 'pipe', name: '', op: t.not ? '!=' : '=', value: `${kind === 'field' ? '' : `| ${kind} `}| ${name}${value}` };
}

/** oneParser are the filters for alternatives that one parser finds, all of them; null if they are others. */
function oneParser(group: Term[], known: Fields): Filter[] | null {
  if (group.length < 2) return null;
  const conditions: string[] = [];
  const parsers = new Set<'json' | 'logfmt'>();
  for (const t of group) {
    const name = labelName(t.name);
    const places = known.get(name) ?? [];
    if (t.kind !== 'field' || always.has(resolveName(t.name)) || places.length === 0 || places.some((f) => f.from !== 'json' && f.from !== 'logfmt')) return null;
    parsers.add(parserOf(places));
    conditions.push(conditionOf(t, name));
  }
  const [parser] = parsers;
  if (parsers.size !== 1 || !parser) return null;
  const name = labelName(group[0]?.name ?? '');
  if (group.every((t) => t.op === '=' && !t.not && labelName(t.name) === name)) return group.map((t): Filter => ({ kind: parser, name, op: '=', value: t.value }));
  return [{ kind: 'pipe', name: '', op: '=', value: `| ${parser} | ${conditions.join(' or ')}` }];
}

/** asText writes a field that is none as text; what was typed as a:b may stand as a=b in lines, too. */
function asText(t: Term, raw: string, alone: boolean): string {
  const text = raw.replace(/\\/g, '\\\\'); // in quotes, a backslash is written twice
  const texts = alone && raw.startsWith(`${t.name}:`) ? [text, text.replace(':', '=')] : [text];
  return t.not ? texts.map((x) => `-"${x}"`).join(' ') : texts.map((x) => `"${x}"`).join(' OR ');
}

/** settle rewrites plain words by what fields there are. */
export function settle(q: string, known: Fields): Settled {
  const filters: Filter[] = [];
  if (isLogQL(q.trim())) return { q, filters };
  let out = q;
  for (const group of read(q).toReversed()) {
    const alternatives = oneParser(group, known);
    const [first, last] = [group[0], group.at(-1)];
    if (alternatives && first && last) {
      filters.unshift(...alternatives);
      out = out.slice(0, first.from) + out.slice(last.to).replace(/^\s+/, '');
      continue;
    }
    for (const t of group.toReversed()) {
      if (t.kind !== 'field') continue;
      const own = labelName(t.name);
      const name = resolveName(t.name);
      if (always.has(name)) continue;
      const there = known.has(name) ? name : known.has(own) ? own : '';
      const places = known.get(there) ?? [];
      const direct = places.some((f) => f.from === 'stream' || f.from === 'metadata');
      if (there === name && direct) continue; // as compose writes it
      if (there === '') {
        const raw = q.slice(t.from, t.to).replace(/^-/, '');
        if (!aliases[t.name.toLowerCase()] && !raw.includes('"')) out = out.slice(0, t.from) + asText(t, raw, group.length === 1) + out.slice(t.to);
      } else if (group.length === 1) {
        filters.unshift(filterOf(t, there, direct ? 'field' : parserOf(places)));
        out = out.slice(0, t.from) + out.slice(t.to).replace(/^\s+/, '');
      }
    }
  }
  return { q: out.trim(), filters };
}
