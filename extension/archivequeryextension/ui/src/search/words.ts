// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Plain words, as people type them, and the LogQL that they stand for:
//
//   timeout               lines with the word, in any case; with a capital letter or a digit in it exactly so
//   "connection refused"  exactly this text
//   -health               lines without it
//   timeout OR refused    one of them
//   /5\d\d$/              a regular expression; /…/i in any case
//   level:error           a field; also = != =~ !~ > >= < <=, level:error,fatal for one of several, pod:web-* with a
//                         wildcard, pod:* with any pod

export type Op = '=' | '!=' | '=~' | '!~' | '>' | '>=' | '<' | '<=';

export interface Term {
  kind: 'text' | 'regex' | 'field';
  not: boolean;
  /** The text, the regular expression, or a field's value. */
  value: string;
  /** text and regex: case does not matter. */
  fold: boolean;
  name: string;
  op: Op;
  /** Where it stands in the input. */
  from: number;
  to: number;
}

/** aliases are short names of fields that every record has or may have. */
export const aliases: Record<string, string> = {
  level: 'detected_level', severity: 'detected_level', service: 'service_name', trace: 'trace_id', traceid: 'trace_id', span: 'span_id',
  namespace: 'k8s_namespace_name', pod: 'k8s_pod_name', container: 'k8s_container_name', node: 'k8s_node_name', env: 'deployment_environment',
};

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const levelNames: Record<string, string> = { warning: 'warn', err: 'error', critical: 'fatal', crit: 'fatal', information: 'info', dbg: 'debug' };

/** labelName writes a field's name as LogQL has it. */
export const labelName = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');

/** quote writes text as a LogQL string, without escapes where it can be. */
export function quote(text: string): string {
  const json = JSON.stringify(text);
  return json.includes('\\') && !/[`\r\n]|[\x00-\x08\x0b-\x1f\x7f]/.test(text) ? `\`${text}\`` : json;
}

/** escapeRegex writes text as a regular expression (RE2) for just that text. */
export const escapeRegex = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** folds tells words that mean the same in any case: those without capital letters, and without digits, which are ids mostly. */
const folds = (word: string): boolean => /\p{L}/u.test(word) && !/\p{Nd}/u.test(word) && word === word.toLowerCase();

const term = (t: Partial<Term>): Term => ({ kind: 'text', not: false, value: '', fold: false, name: '', op: '=', from: 0, to: 0, ...t });

const text = (word: string): Term => term({ value: word, fold: folds(word) });

/** quoted reads a quoted text at the begin of s: what it says, and its length with the quotes. A last quote may be missing. */
function quoted(s: string): { value: string; length: number } | null {
  const m = /^"((?:[^"\\]|\\.)*)("|\\?$)/s.exec(s);
  return m ? { value: (m[1] ?? '').replace(/\\(["\\])/g, '$1'), length: m[0].length } : null;
}

function field(s: string): { term: Term; length: number } | null {
  const m = /^([a-zA-Z_][\w.]*)(=~|!~|!=|>=|<=|==|=|>|<|:(?!\/\/))/.exec(s);
  if (!m) return null;
  const [head, name = '', sign = ''] = m;
  const rest = s.slice(head.length);
  const q = quoted(rest);
  const value = q ? q.value : (/^\S*/.exec(rest)?.[0] ?? '');
  const length = head.length + (q ? q.length : value.length);
  if (value === '' && !q) return null;
  let op = (sign === ':' || sign === '==' ? '=' : sign) as Op;
  if (/^[<>]/.test(op) && levels.includes(levelNames[value] ?? value) && aliases[name.toLowerCase()] === 'detected_level')
    return { term: term({ kind: 'field', name, op, value }), length };
  if (/^[<>]/.test(op) && !/^-?\d+(?:\.\d+)?[a-zA-Zµ]*$/.test(value)) return null;
  let v = value;
  if (!q && (op === '=' || op === '!=')) {
    const parts = value.split(',').filter((p) => p !== '');
    if (parts.length > 1 || /\*/.test(value)) {
      v = (parts.length > 0 ? parts : [value]).map((p) => (/^\*+$/.test(p) ? '.+' : p.split('*').map(escapeRegex).join('.*'))).join('|'); // x:* has any x
      op = op === '=' ? '=~' : '!~';
    }
  }
  return { term: term({ kind: 'field', name, op, value: v }), length };
}

function one(s: string): { term: Term; length: number } {
  const q = quoted(s);
  if (q) return { term: term({ value: q.value }), length: q.length };
  const re = /^\/((?:[^/\\\s]|\\.| (?=[^\s]))+)\/(i?)(?=\s|$)/.exec(s);
  if (re) return { term: term({ kind: 'regex', value: (re[1] ?? '').replace(/\\\//g, '/'), fold: re[2] === 'i' }), length: re[0].length };
  const f = field(s);
  if (f) return f;
  const word = /^\S+/.exec(s)?.[0] ?? '';
  return { term: text(word), length: word.length };
}

/** read splits plain words into groups: all groups must hold, of each group one term. */
export function read(input: string): Term[][] {
  const groups: Term[][] = [];
  let at = 0;
  let or = false;
  let not = false;
  while (at < input.length) {
    const s = input.slice(at);
    const blank = /^\s+/.exec(s);
    const word = /^(OR|AND|NOT)(?=\s|$)/.exec(s);
    if (blank) at += blank[0].length;
    else if (word) {
      if (word[1] === 'OR') or = groups.length > 0;
      if (word[1] === 'NOT') not = true;
      at += word[0].length;
    } else {
      const minus = /^-(?=[^\s-])/.test(s) ? 1 : 0;
      const { term: t, length } = one(s.slice(minus));
      const next = { ...t, not: not || minus > 0, from: at, to: at + minus + length };
      at = next.to;
      not = false;
      if (next.kind !== 'field' && next.value === '') continue;
      const last = groups.at(-1);
      if (or && last) last.push(next);
      else groups.push([next]);
      or = false;
    }
  }
  return groups;
}

/** resolveName is the name of a field for what somebody typed. */
export const resolveName = (name: string): string => aliases[name.toLowerCase()] ?? labelName(name);

const negated: Record<Op, Op> = { '=': '!=', '!=': '=', '=~': '!~', '!~': '=~', '>': '<=', '<=': '>', '<': '>=', '>=': '<' };

/** condition writes a field term as a label filter without the bar. */
function condition(t: Term): { name: string; op: Op; value: string } {
  const name = resolveName(t.name);
  let { op, value } = t;
  if (name === 'detected_level') {
    value = value.toLowerCase();
    value = levelNames[value] ?? value;
    if (/^[<>]/.test(op)) {
      const i = levels.indexOf(value);
      const some = op === '>' ? levels.slice(i + 1) : op === '>=' ? levels.slice(i) : op === '<' ? levels.slice(0, i) : levels.slice(0, i + 1);
      op = '=~';
      value = some.join('|') || '-';
    }
  }
  return { name, op: t.not ? negated[op] : op, value };
}

/** writeCondition writes a label filter. What is not greater may also not be there at all, which a comparison alone does not let pass. */
const writeCondition = (c: { name: string; op: Op; value: string }, not: boolean): string =>
  /^[<>]/.test(c.op) ? `${c.name} ${c.op} ${c.value}${not ? ` or ${c.name}=""` : ''}` : `${c.name}${c.op}${quote(c.value)}`;

/** conditionOf writes a field term as a label filter on a name. */
export const conditionOf = (t: Term, name: string): string => writeCondition({ ...condition(t), name }, t.not);

export interface Words {
  /** Matchers of the selector. */
  matchers: string[];
  /** Line filters, each with its sign. */
  lines: string[];
  /** Label filters without bars. */
  fields: string[];
  /** What LogQL cannot say. */
  error: string;
}

const regexOf = (t: Term): string => (t.fold ? '(?i)' : '') + (t.kind === 'regex' ? t.value : escapeRegex(t.value));

function line(group: Term[]): string {
  const not = group[0]?.not ?? false;
  if (group.every((t) => t.kind === 'text' && !t.fold)) return `${not ? '!=' : '|='} ${group.map((t) => quote(t.value)).join(' or ')}`;
  return `${not ? '!~' : '|~'} ${group.map((t) => quote(regexOf(t))).join(' or ')}`;
}

/** words makes parts of LogQL of plain words. */
export function words(input: string): Words {
  const out: Words = { matchers: [], lines: [], fields: [], error: '' };
  for (const group of read(input)) {
    const fields = group.filter((t) => t.kind === 'field');
    if (fields.length === 0) {
      if (group.length > 1 && group.some((t) => t.not)) out.error = 'LogQL cannot look for one text or the absence of another: take the minus or the OR away.';
      out.lines.push(line(group));
    } else if (fields.length < group.length) {
      out.error = 'LogQL cannot look for a text or a field: with OR, put either texts only or fields only ("quotes" make a text).';
    } else {
      const list = fields.map(condition);
      const first = list[0];
      if (first && list.every((c) => c.name === 'service_name') && (list.length === 1 || list.every((c) => c.op === '='))) {
        out.matchers.push(
          list.length === 1 ? writeCondition(first, false) : `service_name=~${quote(list.map((c) => escapeRegex(c.value)).join('|'))}`,
        );
      } else out.fields.push(fields.map((t, i) => writeCondition(list[i] ?? condition(t), t.not)).join(' or '));
    }
  }
  return out;
}
