// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The search field's text, and asking for it.

import { effect, signal } from '@preact/signals';

import { ApiError, formatQuery } from '../api/client';
import { remember } from '../state/prefs';
import { again, run } from '../state/run';
import { adjust, go, state } from '../state/url';
import { withFilter } from '../state/nav';
import { compose } from './compose';
import { known, type Known, learn } from './known';
import { isLogQL } from './scan';
import { settle } from './settle';
import { read } from './words';

/** draft is what stands in the field, asked for or not yet. */
export const draft = signal(state.peek().q);

effect(() => {
  draft.value = state.value.q;
});

export interface Mistake {
  message: string;
  /** Offset in the draft; null if it is nowhere in particular. */
  at: number | null;
  /** The draft that has it. */
  q: string;
}

/** mistake is what is wrong with the draft; null if nothing is known to be. */
export const mistake = signal<Mistake | null>(null);

/** placeOf is the offset in text of a place that counts lines and characters from 1. */
export function placeOf(text: string, at: { line: number; column: number }): number {
  const lines = text.split('\n');
  const before = lines.slice(0, at.line - 1).reduce((n, l) => n + l.length + 1, 0);
  const line = lines[at.line - 1] ?? '';
  return Math.min(before + [...line].slice(0, at.column - 1).join('').length, text.length);
}

/** check says what is wrong with a query; null if nothing is. */
export async function check(q: string, abort?: AbortSignal): Promise<Mistake | null> {
  if (!isLogQL(q.trim())) {
    const { error, logql } = compose(q, []);
    if (error !== '') return { message: error, at: null, q };
    if (!/[~/]/.test(q)) return null; // nothing that could be wrong
    try {
      await formatQuery(logql, abort);
    } catch (e) {
      const wrong = ApiError.of(e);
      if (wrong.status === 400) return { message: wrong.message.replace(/^parse error at [^:]*: /, ''), at: null, q };
    }
    return null;
  }
  const bare = /^\s*[|!]/.test(q);
  const lead = bare ? compose('', []).logql : '';
  try {
    await formatQuery(lead + q, abort);
    return null;
  } catch (e) {
    if (abort?.aborted) return null;
    const wrong = ApiError.of(e);
    if (wrong.status !== 400) return null; // the server's trouble is told where the answer should be
    const at = wrong.at ? Math.max(0, placeOf(lead + q, wrong.at) - lead.length) : null;
    return { message: wrong.message.replace(/^parse error at [^:]*: /, ''), at, q };
  }
}

const patience = 600; // ms that the lookup of fields may take before the words are asked for as they are

/** within is what a promise comes to, or null if it takes longer. */
const within = <T>(ms: number, p: Promise<T>): Promise<T | null> => Promise.race([p, new Promise<null>((done) => setTimeout(() => done(null), ms))]);

type Settled = ReturnType<typeof settle>;

const needsFields = (q: string): boolean => !isLogQL(q.trim()) && read(q).some((g) => g.some((t) => t.kind === 'field'));

const settleBy = (q: string, k: Known | null): Settled => (k?.sound ? settle(q, k.fields) : { q, filters: [] });

/** settled looks the fields up; late says that it took too long, and the answer is as good as what is known so far. */
async function settled(q: string): Promise<Settled & { late: boolean }> {
  if (!needsFields(q)) return { q, filters: [], late: false };
  const k = await within(patience, learn());
  return { ...settleBy(q, k ?? known.peek()), late: k === null };
}

/** amend asks better once the fields are known after all, unless somebody went on. */
async function amend(q: string): Promise<void> {
  const s = settleBy(q, await learn());
  const now = state.peek();
  if (now.q !== q || draft.peek() !== q || s.q === q) return;
  adjust({ q: s.q, filters: s.filters.reduce(withFilter, now.filters) });
}

/** ask asks for what stands in the field. */
export async function ask(): Promise<void> {
  const q = draft.peek();
  const [s, wrong] = await Promise.all([settled(q), within(1000, check(q))]);
  if (draft.peek() !== q) return; // somebody types on
  mistake.value = wrong;
  if (wrong) return;
  remember(s.q);
  const before = state.peek();
  const filters = s.filters.reduce(withFilter, before.filters);
  const view = before.view === 'trail' || before.view === 'overview' ? 'lines' : before.view;
  if (s.q === before.q && view === before.view && JSON.stringify(filters) === JSON.stringify(before.filters)) again();
  else go({ q: s.q, filters, view, line: '' });
  draft.value = s.q;
  if (s.late) void amend(s.q);
}

/** editAsLogQL puts the whole question into the field. */
export function editAsLogQL(): void {
  const r = run.peek();
  if (r) go({ q: r.logql, filters: [] });
}
