// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The whole state of the page is its address: a link shows another person what one sees, and back goes back.

import { signal } from '@preact/signals';

export const views = ['lines', 'patterns', 'culprit', 'trail', 'overview'] as const;
export type View = (typeof views)[number];

/** Filter is one condition that was clicked together; it is shown as a chip. */
export interface Filter {
  /**
   * stream: a label of the selector; field: structured metadata; json, logfmt: in the line, behind that parser; parsed: behind the
   * parser that the query has; line: the text of the line; pipe: a part of a pipeline as it is, such as `|> "user <_> left"`.
   */
  kind: 'stream' | 'field' | 'json' | 'logfmt' | 'parsed' | 'line' | 'pipe';
  op: '=' | '!=';
  name: string; // '' for line and pipe
  value: string;
}

export interface State {
  view: View;
  /** What stands in the search field: plain words, or LogQL. */
  q: string;
  filters: Filter[];
  from: string;
  to: string;
  /** local, utc, or a name of the IANA database. */
  tz: string;
  live: boolean;
  /** forward: oldest first. */
  oldest: boolean;
  wrap: boolean;
  /** Lines as they were written, not their message and fields. */
  raw: boolean;
  /** Fields that are shown as columns. */
  columns: string[];
  /** The line whose details are open: its time in ns and a number among those of that time, `ns.n`. */
  line: string;
  /** Trail: the id. */
  id: string;
  /** Culprit: `from..to` in ms, or `errors`. */
  bad: string;
  /** What is compared with: `from..to` in ms, `none`, or the view's own default. */
  baseline: string;
  /** Patterns: their order; '': new ones first. */
  order: string;
}

export const defaults: State = {
  view: 'lines', q: '', filters: [], from: 'now-1h', to: 'now', tz: 'local', live: false, oldest: false, wrap: true, raw: false, columns: [], line: '',
  id: '', bad: '', baseline: '', order: '',
};

const kinds: Filter['kind'][] = ['stream', 'field', 'json', 'logfmt', 'parsed', 'line', 'pipe'];

function readFilter(text: string): Filter[] {
  const m = /^(\w+):([^=!]*)(!?=)([^]*)$/.exec(text);
  const kind = kinds.find((k) => k === m?.[1]);
  return m && kind ? [{ kind, name: (m[2] ?? '').replace(/%(25|3D|21)/g, decodeURIComponent), op: m[3] === '!=' ? '!=' : '=', value: m[4] ?? '' }] : [];
}

// A name is whatever a sender calls it; what ends it here is written as in addresses.
const writeFilter = (f: Filter): string => `${f.kind}:${f.name.replace(/[%=!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}${f.op}${f.value}`;

/** read makes the state of an address's query string; what it does not know it leaves at its default. */
export function read(search: string): State {
  const p = new URLSearchParams(search);
  const text = (name: keyof State): string => p.get(name) ?? (defaults[name] as string);
  const flag = (name: keyof State): boolean => (p.has(name) ? p.get(name) === '1' : (defaults[name] as boolean));
  return {
    view: views.find((v) => v === p.get('view')) ?? defaults.view,
    q: text('q'), filters: p.getAll('f').flatMap(readFilter), from: text('from'), to: text('to'), tz: text('tz'),
    live: flag('live'), oldest: flag('oldest'), wrap: flag('wrap'), raw: flag('raw'), columns: p.getAll('col'), line: text('line'), id: text('id'), bad: text('bad'),
    baseline: text('baseline'), order: text('order'),
  };
}

/** write makes the query string, without what is at its default. */
export function write(s: State): string {
  const p = new URLSearchParams();
  for (const [name, value] of Object.entries(s)) {
    if (name === 'filters') s.filters.forEach((f) => p.append('f', writeFilter(f)));
    else if (name === 'columns') s.columns.forEach((c) => p.append('col', c));
    else if (value !== defaults[name as keyof State]) p.set(name, typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
  }
  const out = p.toString();
  return out === '' ? '' : `?${out}`;
}

/** state is what the address says. Change it with go or adjust only. */
export const state = signal<State>(read(location.search));

function set(change: Partial<State>, push: boolean): void {
  const next = { ...state.peek(), ...change };
  const address = location.pathname + write(next);
  if (address !== location.pathname + location.search) {
    if (push) history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }
  state.value = next;
}

/** go changes the state, and back comes back to what it was. */
export const go = (change: Partial<State>): void => set(change, true);

/** adjust changes the state where nobody would want to go back to: a column, a switch. */
export const adjust = (change: Partial<State>): void => set(change, false);

/** link is the address of the state with a change, for href. */
export const link = (change: Partial<State>): string => location.pathname + write({ ...state.value, ...change });

addEventListener('popstate', () => {
  state.value = read(location.search);
});
