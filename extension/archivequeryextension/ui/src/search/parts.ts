// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Parts of a LogQL pipeline, as answers of the server have them, as filters.

import type { Filter } from '../state/url';

/** unquote reads a LogQL string; null if it is none. */
export function unquote(text: string): string | null {
  if (/^`[^`]*`$/.test(text)) return text.slice(1, -1);
  if (!/^"(?:[^"\\\n]|\\.)*"$/s.test(text)) return null;
  const simple: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', '\\': '\\', '"': '"', "'": "'" };
  return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g, (_, e: string) => {
    if (e.length === 1) return simple[e] ?? e;
    return String.fromCodePoint(/^[0-7]/.test(e) ? parseInt(e, 8) : parseInt(e.slice(1), 16));
  });
}

/** simplePart reads a part of a pipeline as a filter: `| name="value"` and `|= "text"` as such, everything else as it is. */
export function simplePart(part: string): Filter {
  const text = part.trim();
  const field = /^\|\s*([a-zA-Z_]\w*)\s*(!?=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)$/s.exec(text);
  const line = /^(\|=|!=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)$/s.exec(text);
  const value = unquote(field?.[3] ?? line?.[2] ?? '');
  if (field?.[1] && value !== null) return { kind: 'field', name: field[1], op: field[2] === '!=' ? '!=' : '=', value };
  if (line && value !== null) return { kind: 'line', name: '', op: line[1] === '!=' ? '!=' : '=', value };
  return { kind: 'pipe', name: '', op: '=', value: text };
}

const signs: Record<string, string> = { '|=': '!=', '|~': '!~', '|>': '!>', '!=': '|=', '!~': '|~', '!>': '|>' };
const comparisons: Record<string, string> = { '=': '!=', '!=': '=', '=~': '!~', '!~': '=~', '>': '<=', '<=': '>', '<': '>=', '>=': '<' };

/** opposite is a part of a pipeline that lets pass what another does not; null if there is none as simple. */
export function opposite(part: string): string | null {
  const text = part.trim();
  const line = /^(\|=|\|~|\|>|!=|!~|!>)\s*((?:"(?:[^"\\]|\\.)*"|`[^`]*`))$/s.exec(text);
  if (line) return `${signs[line[1] ?? ''] ?? ''} ${line[2] ?? ''}`;
  const field = /^((?:\|\s*(?:json|logfmt)\s*)?\|\s*[a-zA-Z_]\w*\s*)(=~|!~|!=|=|>=|<=|>|<)(\s*(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[\w.]+))$/s.exec(text);
  if (!field) return null;
  const [, head = '', sign = '', value = ''] = field;
  const out = `${head}${comparisons[sign] ?? ''}${value}`;
  // Records that have no such number are not greater, but do not pass a comparison with it either.
  return /^[<>]/.test(sign) ? `${out} or ${/(\w+)\s*$/.exec(head)?.[1] ?? ''}=""` : out;
}
