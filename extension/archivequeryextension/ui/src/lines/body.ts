// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What a line says: its message and its fields if it is JSON or logfmt, its first line and how many follow if it is a stack trace.

import { bare, folded } from './tokens';
import type { Rec } from './cursor';

export interface Pair {
  key: string;
  value: string;
  /** Lines of it that are folded away. */
  more?: number;
}

export interface Body {
  kind: 'text' | 'json' | 'logfmt';
  /** What is shown first. */
  message: string;
  /** What the message does not say, in the order of the line. */
  pairs: Pair[];
  /** Lines of the message that are folded away. */
  more: number;
  /** They are the frames of a stack trace. */
  trace: boolean;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const maxJson = 256 << 10;

/** readJson is the object that a line is; null if it is none, or too long to be worth it. */
export function readJson(line: string): Record<string, Json> | null {
  if (line.length > maxJson) return null;
  const text = line.trim();
  if (!text.startsWith('{') || !text.endsWith('}')) return null;
  try {
    const v = JSON.parse(text) as Json;
    return v !== null && typeof v === 'object' && !Array.isArray(v) ? v : null;
  } catch {
    return null;
  }
}

const pair = /([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)/y;

/** readLogfmt is the pairs that a line is made of; null if it is not of pairs alone. */
export function readLogfmt(line: string): Pair[] | null {
  if (line.length > 64 << 10 || !/^[A-Za-z_@][\w.@/-]*=/.test(line)) return null;
  const out: Pair[] = [];
  pair.lastIndex = 0;
  while (pair.lastIndex < line.length && out.length < 200) {
    const m = pair.exec(line);
    if (!m) return null;
    const raw = m[2] ?? '';
    out.push({ key: m[1] ?? '', value: raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c)) : raw });
  }
  return out.length >= 2 ? out : null;
}

const messages = ['msg', 'message', 'MESSAGE', 'event', 'log', 'text', 'body', 'error', 'err'];
const told = /^(?:@?time(?:stamp)?|ts|t|date|datetime|level|lvl|severity|severity_text|loglevel|log\.level|@timestamp|asctime|levelname)$/i;

/** flat is a value as text. */
export const flat = (v: Json): string => (typeof v === 'string' ? v : JSON.stringify(v));

/** spread is the values of an object by their paths, `http.status=200`, down to the third level. */
function spread(o: Record<string, Json>, prefix = '', depth = 0): Pair[] {
  return Object.entries(o).flatMap(([key, v]): Pair[] => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (v === null || typeof v !== 'object' || Array.isArray(v) || depth >= 2) return [{ key: name, value: flat(v) }];
    return spread(v, name, depth + 1);
  });
}

const frame = /^\s+at \S|^\s*File "[^"]*", line \d+|^\s*\.{3} \d+ (?:more|common frames)|^\s+from \S+:\d+|^\t\S+:\d+|^goroutine \d+ |^\s*(?:Caused by|Suppressed): |^\s+\d+: /;

/** fold is the part of a text that says it, if it has many lines: its first, the cause that it names last, or what Python puts at the end. */
export function fold(text: string): { head: string; more: number; trace: boolean } {
  const end = text.indexOf('\n');
  if (end < 0) return { head: text, more: 0, trace: false };
  const lines = text.slice(0, 64 << 10).replace(/\s+$/, '').split('\n');
  const all = text.length > 64 << 10 ? text.split('\n').length : lines.length;
  const frames = lines.filter((l) => frame.test(l)).length;
  let head = (lines[0] ?? '').replace(/\r$/, '');
  if (frames >= 2) {
    const last = lines.findLast((l) => l.trim() !== '') ?? '';
    const cause = lines.findLast((l) => /^\s*Caused by: /.test(l));
    if (/^\s*Traceback \(most recent call last\)/.test(head) && !/^\s/.test(last)) head = last;
    else if (cause) head += ` … ${cause.trim()}`;
    return { head, more: all - 1, trace: true };
  }
  if (lines.length <= 3 && text.length < 600) return { head: text.replace(/\s+$/, ''), more: 0, trace: false };
  return { head, more: all - 1, trace: false };
}

/** bodyOf reads a record's line. Fields that its time, its level or its labels tell anyway are left out, but for hits of the search. */
export function bodyOf(r: Rec, marks: readonly string[] = [], raw = false): Body {
  if (!raw) {
    const object = readJson(r.line);
    const pairs = object ? spread(object) : readLogfmt(r.line);
    const body = pairs ? structured(object ? 'json' : 'logfmt', pairs, r, marks) : null;
    if (body) return body;
  }
  const { head, more, trace } = fold(r.line);
  if (more > 0 && missing(head, r.line, marks).length > 0) {
    // A hit in what is folded away is shown beside the first line.
    const line = r.line.split('\n', 2000).find((l) => marks.some((m) => m !== '' && folded(l).includes(folded(m))));
    if (line && line !== head) return { kind: 'text', message: `${head} … ${line.trim()}`, pairs: [], more, trace };
  }
  return { kind: 'text', message: head, pairs: [], more, trace };
}

const missing = (shown: string, line: string, marks: readonly string[]): string[] =>
  marks.filter((m) => m !== '' && folded(line).includes(folded(m)) && !folded(shown).includes(folded(m)));

function structured(kind: 'json' | 'logfmt', all: Pair[], r: Rec, marks: readonly string[]): Body | null {
  const name = messages.find((n) => all.some((p) => p.key === n && p.value !== ''));
  if (name === undefined && kind === 'logfmt') return null;
  const known = new Set<string>();
  for (const labels of [r.stream, r.metadata]) for (const k in labels) if ((labels[k]?.length ?? 0) >= 3) known.add(labels[k] as string);
  const message = all.find((p) => p.key === name)?.value ?? '';
  const { head, more, trace } = fold(message);
  const hidden = (p: Pair): boolean => told.test(p.key) || known.has(p.value) || p.value === '';
  // What is told elsewhere is shown if only there a hit can be seen.
  const plain = folded(`${head}\n${all.filter((p) => p.key !== name && !hidden(p)).map((p) => `${p.key}\n${p.value}`).join('\n')}`);
  const wanted = marks.map(folded).filter((m) => m !== '' && !plain.includes(m));
  const hit = (p: Pair): boolean => wanted.some((m) => folded(p.value).includes(m) || folded(p.key).includes(m));
  const pairs: Pair[] = [];
  for (const p of all) {
    if (p.key === name || (hidden(p) && !hit(p))) continue;
    const f = fold(p.value);
    if (f.trace && /stack|trace/i.test(p.key) && !hit({ key: p.key, value: f.head })) pairs.push({ key: p.key, value: '', more: f.more + 1 });
    else pairs.push({ key: p.key, value: f.head, ...(f.more > 0 ? { more: f.more } : {}) });
  }
  const body: Body = { kind, message: head, pairs, more, trace };
  // A hit that crosses what is taken apart here is shown in the line as it was written.
  const shown = `${head}\n${pairs.map((p) => `${p.key}\n${p.value}`).join('\n')}`;
  return missing(shown, r.line, marks).length > 0 && more === 0 ? null : body;
}

/** lengthOf is about how many characters a body shows, for an estimate of its height. */
export const lengthOf = (b: Body): number => b.pairs.reduce((n, p) => n + p.key.length + Math.min(220, p.value.length) + 2 + (p.more ? 12 : 0), b.message.length) + (b.more > 0 ? 16 : 0);

/** Field is a field of a record, whatever it is from. */
export interface Field {
  name: string;
  value: string;
  from: 'stream' | 'metadata' | 'json' | 'logfmt' | 'parsed';
}

const label = (path: string): string => path.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');

/** flatten is every value of an object, by the names that LogQL's json parser gives them; arrays stay text, and no filter has them. */
export function flatten(o: Record<string, Json>, most = 200): Pair[] {
  const out: Pair[] = [];
  const walk = (v: Record<string, Json>, prefix: string, depth: number): void => {
    for (const [key, x] of Object.entries(v)) {
      if (out.length >= most) return;
      const name = prefix === '' ? label(key) : `${prefix}_${label(key)}`;
      if (x !== null && typeof x === 'object' && !Array.isArray(x) && depth < 8) walk(x, name, depth + 1);
      else out.push({ key: name, value: x === null ? '' : flat(x) });
    }
  };
  walk(o, '', 0);
  return out;
}

/** fieldsOf are all fields of a record, in the order in which they are shown. */
export function fieldsOf(r: Rec, most = 300): Field[] {
  const of = (labels: Record<string, string> | undefined, from: Field['from']): Field[] =>
    Object.entries(labels ?? {}).sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([name, value]) => ({ name, value, from }));
  const out = [...of(r.stream, 'stream'), ...of(r.metadata, 'metadata'), ...of(r.parsed, 'parsed')];
  const names = new Set(out.map((f) => f.name));
  const object = readJson(r.line);
  const from = object ? 'json' : 'logfmt';
  for (const p of object ? flatten(object) : (readLogfmt(r.line) ?? []).map((x) => ({ key: label(x.key), value: x.value })))
    if (!names.has(p.key)) out.push({ name: p.key, value: p.value, from });
  return out.slice(0, most);
}

/** valueOf is what a column shows of a record. */
export function valueOf(r: Rec, name: string): string {
  for (const labels of [r.stream, r.metadata, r.parsed ?? {}]) if (Object.hasOwn(labels, name)) return labels[name] ?? '';
  return fieldsOf(r).find((f) => f.name === name)?.value ?? '';
}

/** levelOf is the level of a record, as the page names them. */
export function levelOf(r: Rec): string {
  const l = (r.metadata.detected_level ?? r.stream.detected_level ?? r.parsed?.detected_level ?? r.metadata.level ?? r.stream.level ?? '').toLowerCase();
  return l === 'critical' ? 'fatal' : l === 'warning' ? 'warn' : l === 'err' ? 'error' : bare(l, 40) || 'unknown';
}

export const serviceOf = (r: Rec): string => r.stream.service_name ?? r.metadata.service_name ?? r.stream.job ?? '';

/** textOf is a record as a line of text. */
export const textOf = (r: Rec): string => bare(r.line, 1 << 20);
