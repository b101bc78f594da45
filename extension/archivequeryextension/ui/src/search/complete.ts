// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What could stand where the cursor is. Pure functions on text, for queries that are half typed.

import { isLogQL } from './scan';
import { resolveName } from './words';

export interface Want {
  /** label: in a selector; grouping: in by (…) and the like. */
  kind: 'start' | 'label' | 'grouping' | 'field' | 'value' | 'stage' | 'function' | 'word' | 'none';
  /** Where what is typed of it begins. */
  from: number;
  typed: string;
  /** value: of which field. */
  name: string;
  /** value: quotes have to be added. */
  bare: boolean;
}

const want = (kind: Want['kind'], at: number, typed = '', name = '', bare = false): Want => ({ kind, from: at - typed.length, typed, name, bare });

const tail = (re: RegExp, text: string): RegExpExecArray | null => re.exec(text);

/** open is where the string and the selector begin that are open at the end of text, or -1. */
function open(text: string): { string: number; brace: number } {
  let string = -1;
  let sign = '';
  let brace = -1;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    if (string >= 0) {
      if (c === '\\' && sign === '"') i++;
      else if (c === sign) string = -1;
    } else if (c === '"' || c === '`') {
      string = i;
      sign = c;
    } else if (c === '{') brace = i;
    else if (c === '}') brace = -1;
  }
  return { string, brace };
}

const nameOf = /([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*$/;

function inLogQL(text: string): Want {
  const at = text.length;
  const { string, brace } = open(text);
  if (string >= 0) {
    const name = tail(nameOf, text.slice(0, string));
    return name ? want('value', at, text.slice(string + 1), name[1] ?? '') : want('none', at);
  }
  const named = tail(nameOf, text);
  if (named && !/(?:^|[}"`\s])\s*!=\s*$/.test(text.slice(named.index + (named[1] ?? '').length - 1))) return want('value', at, '', named[1] ?? '', true);
  const word = tail(/[a-zA-Z_]\w*$/, text)?.[0] ?? '';
  const before = text.slice(0, at - word.length);
  if (brace >= 0) return /[{,]\s*$/.test(before) ? want('label', at, word) : want('none', at);
  if (/\b(?:by|without|on|ignoring)\s*\([^()]*$/.test(before) && /[(,]\s*$/.test(before)) return want('grouping', at, word);
  if (/\|\s*$/.test(before) && !/\|\|\s*$/.test(before)) return want('stage', at, word);
  if (/\|[^|]*\b(?:and|or)\s+\(?\s*$/.test(before) || /\|\s*(?:(?:keep|drop)\s+(?:\w+\s*,\s*)*|unwrap\s+)$/.test(before)) return want('field', at, word);
  if (word !== '' && (before.trim() === '' || /[(,+*/%^-]\s*$/.test(before)) && !/\}[^[]*$/.test(before)) return want('function', at, word);
  return want('none', at);
}

function inWords(text: string): Want {
  const at = text.length;
  if (text.trim() === '') return want('start', at, text);
  const { string } = open(text);
  if (string >= 0 && !/[=~:]$/.test(text.slice(0, string))) return want('none', at);
  const last = tail(/(?:^|\s)-?([^\s"]*|[a-zA-Z_][\w.]*(?:=~|!~|!=|=|:)"[^"]*)$/, text)?.[1];
  if (last === undefined) return want('none', at);
  const m = /^([a-zA-Z_][\w.]*)(?:=~|!~|!=|==|=|:)("?)([^"]*)$/.exec(last);
  if (m) return want('value', at, m[3] ?? '', resolveName(m[1] ?? ''), m[2] === '');
  return /^[a-zA-Z_][\w.]*$/.test(last) ? want('word', at, last) : want('none', at);
}

/** wanted says what could stand at a place of the search field. */
export function wanted(text: string, at: number): Want {
  const before = text.slice(0, at);
  // A selector of which only a name is there (and the brace that the editor closes) may become LogQL.
  const begun = /^\s*(?:\w+\s*(?:\(|by\s*\()|\{\s*\w*\s*\}?\s*$)/.test(text);
  return begun || isLogQL(text.trim()) ? inLogQL(before) : inWords(before);
}

export const stages: [string, string][] = [
  ['json', 'fields of lines that are JSON'], ['logfmt', 'fields of lines such as a=b c="d e"'], ['pattern', 'fields by an example: pattern "<ip> - <user>"'],
  ['regexp', 'fields by a regular expression: regexp "(?P<code>\\\\d+)"'], ['unpack', 'what pack made'], ['line_format', 'another line, by a template'],
  ['label_format', 'other fields, by a template'], ['drop', 'without these fields'], ['keep', 'with these fields only'], ['decolorize', 'without terminal colours'],
  ['unwrap', 'the number to aggregate'],
];

const ranged = 'rate count_over_time bytes_rate bytes_over_time absent_over_time sum_over_time avg_over_time min_over_time max_over_time stddev_over_time stdvar_over_time quantile_over_time first_over_time last_over_time rate_counter';
const vectors = 'sum avg min max count stddev stdvar topk bottomk approx_topk sort sort_desc label_replace vector';
export const functions: [string, string][] = [
  ...ranged.split(' ').map((n): [string, string] => [n, 'over a range: {…} [5m]']), ...vectors.split(' ').map((n): [string, string] => [n, 'over series']),
];
