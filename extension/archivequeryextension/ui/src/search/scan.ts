// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Where the parts of a LogQL query are, in its text. It is no parser, and takes queries that are wrong or half typed: the server says what
// is wrong with them.

/** Pipeline is one selector with what follows it. All places are offsets in the text. */
export interface Pipeline {
  /** Of the selector's braces, `to` behind the closing one. */
  from: number;
  to: number;
  /** Behind the line filters that follow the selector. */
  lines: number;
  /** Behind the last stage, without blanks. */
  end: number;
  parsers: { name: string; to: number; plain: boolean }[];
}

/** skip is where the string, comment or other sign at `at` ends. */
function skip(s: string, at: number): number {
  const c = s[at];
  if (c === '"') {
    let i = at + 1;
    while (i < s.length && s[i] !== '"') i += s[i] === '\\' ? 2 : 1;
    return Math.min(i + 1, s.length);
  }
  if (c === '`') {
    const i = s.indexOf('`', at + 1);
    return i < 0 ? s.length : i + 1;
  }
  if (c === '#') {
    const i = s.indexOf('\n', at);
    return i < 0 ? s.length : i;
  }
  return at + 1;
}

const blank = /(?:\s|#[^\n]*)*/y;
const sign = /\|=|\|~|\|>|!=|!~|!>/y;
const value = /"(?:[^"\\]|\\.)*"|`[^`]*`|ip\s*\(\s*(?:"(?:[^"\\]|\\.)*"|`[^`]*`)\s*\)/sy;

function match(re: RegExp, s: string, at: number): number {
  re.lastIndex = at;
  return re.test(s) ? re.lastIndex : -1;
}

/** lineFilters is where the line filters end that begin at `at`. */
function lineFilters(s: string, at: number): number {
  let end = at;
  for (;;) {
    const begin = match(sign, s, match(blank, s, end));
    if (begin < 0) return end;
    let next = match(value, s, match(blank, s, begin));
    if (next < 0) return end;
    for (;;) {
      const or = match(/or\b/y, s, match(blank, s, next));
      const more = or < 0 ? -1 : match(value, s, match(blank, s, or));
      if (more < 0) break;
      next = more;
    }
    end = next;
  }
}

/** stages finds the end of a pipeline, and the parsers in it. */
function stages(s: string, at: number): Pick<Pipeline, 'end' | 'parsers'> {
  const parsers: Pipeline['parsers'] = [];
  let depth = 0;
  let end = at;
  let i = at;
  let open: { name: string; from: number } | null = null;
  const close = (to: number): void => {
    if (open) parsers.push({ name: open.name, to, plain: /^(?:\s+--[\w-]+)*\s*$/.test(s.slice(open.from, to)) });
    open = null;
  };
  while (i < s.length) {
    const c = s[i] ?? '';
    if (c === '[' || (c === ')' && depth === 0)) break;
    if (depth === 0 && (c === '|' || (c === '!' && /[=~>]/.test(s[i + 1] ?? '') && open))) {
      close(end);
      const stage = /\|\s*(json|logfmt|regexp|pattern|unpack)\b/y;
      stage.lastIndex = i;
      const m = stage.exec(s);
      if (m) {
        open = { name: m[1] ?? '', from: stage.lastIndex };
        i = end = stage.lastIndex;
        continue;
      }
    }
    if (c === '(') depth++;
    if (c === ')') depth--;
    const next = skip(s, i);
    if (c !== '#' && !/\s/.test(c)) end = next;
    i = next;
  }
  close(end);
  return { end, parsers };
}

/** pipelines finds the selectors of a query with what follows each of them. */
export function pipelines(s: string): Pipeline[] {
  const out: Pipeline[] = [];
  for (let i = 0; i < s.length; ) {
    if (s[i] !== '{') {
      i = skip(s, i);
      continue;
    }
    let to = i + 1;
    while (to < s.length && s[to] !== '}') to = skip(s, to);
    to = Math.min(to + 1, s.length);
    out.push({ from: i, to, lines: lineFilters(s, to), ...stages(s, to) });
    i = out.at(-1)?.end ?? to;
  }
  return out;
}

/** bare is a query without comments and blanks at its begin. */
const bare = (s: string): string => s.slice(Math.max(match(blank, s, 0), 0));

/** isLogQL tells LogQL from plain words: it has a selector, or begins with a stage. */
export function isLogQL(input: string): boolean {
  const s = bare(input);
  if (/^(?:\|[=~>]|!=|!~|!>|\|\s*[a-zA-Z_])/.test(s)) return true;
  if (/^\{\s*(?:$|\}|[a-zA-Z_]\w*\s*(?:$|=|!))/.test(s)) return true;
  return /\[\s*\d/.test(s) && pipelines(s).some((p) => /^\{\s*(?:\}|[a-zA-Z_]\w*\s*[=!])/.test(s.slice(p.from, p.to)));
}

/** isMetric tells queries for numbers from those for lines. */
export const isMetric = (logql: string): boolean => !/^[\s(]*\{/.test(bare(logql));

/** lineValues are the texts of the line filters |= and |~, in their order. */
export function lineValues(s: string): { op: string; value: string }[] {
  const out: { op: string; value: string }[] = [];
  for (const p of pipelines(s))
    for (let i = p.to; i < p.end; ) {
      const op = s.slice(i, i + 2);
      if (op !== '|=' && op !== '|~') {
        i = skip(s, i);
        continue;
      }
      i += 2;
      for (;;) {
        const from = match(blank, s, i);
        const to = match(value, s, from);
        if (to < 0) break;
        out.push({ op, value: s.slice(from, to) });
        i = to;
        const or = match(/or\b/y, s, match(blank, s, to));
        if (or < 0) break;
        i = or;
      }
    }
  return out;
}
