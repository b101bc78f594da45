// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// A run is a question as it was asked: the query with its range as of that moment. Views load their data for the run; the
// same run is never asked twice, and a new one aborts what is still loading for the one before.

import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';

import { ApiError } from '../api/client';
import { compose } from '../search/compose';
import { resolve } from '../lib/time';
import { link, type State, state } from './url';

export interface Run {
  /** The LogQL that is asked for. */
  logql: string;
  /** A metric query makes series, a log query selects lines. */
  metric: boolean;
  start: number; // ms
  end: number; // ms
}

const asked = signal(0);

/** again asks anew, as of now: every resource loads once more. */
export const again = (): void => {
  asked.value++;
};

const question = computed(() => {
  const s = state.value;
  return JSON.stringify([s.q, s.filters, s.from, s.to]);
});

/** run is the question of the moment; null if the range is none, or LogQL cannot say what the words ask for. */
export const run: ReadonlySignal<Run | null> = computed(() => {
  void asked.value;
  void question.value;
  const s = state.peek();
  const at = resolve(s);
  if (!at) return null;
  const c = compose(s.q, s.filters);
  if (c.error !== '') return null;
  return { logql: c.logql, metric: c.metric, start: at.start, end: at.end };
});

/** fixedLink is the address of what is shown, whole: `now-1h` is the hour of the moment in it, so that others see the same later. */
export function fixedLink(change: Partial<State> = {}): string {
  const r = run.peek();
  const times = r ? { from: String(Math.floor(r.start)), to: String(Math.ceil(r.end)) } : {};
  return location.origin + link({ live: false, ...times, ...change });
}

/** Loaded is what a view shows: exactly one of loading, error and data tells what the newest question came to. While it loads,
 * data is still that of the question before, to be shown dimmed. */
export interface Loaded<T> {
  loading: boolean;
  data: T | null;
  error: ApiError | null;
  /** What is lacking in data: the answer is partial. */
  warnings: string[];
}

export interface Answer<T> {
  data: T;
  warnings?: string[] | undefined;
}

/** resource loads for every key that is not null while somebody is `active`. The loader gets a signal that aborts when another key comes. */
export function resource<K, T>(key: () => K | null, load: (key: K, abort: AbortSignal) => Promise<Answer<T>>): ReadonlySignal<Loaded<T>> {
  const out = signal<Loaded<T>>({ loading: false, data: null, error: null, warnings: [] });
  let last = '';
  let running: AbortController | null = null;
  effect(() => {
    const k = key();
    if (k === null) return;
    const text = `${asked.value} ${JSON.stringify(k)}`;
    if (text === last) return;
    last = text;
    running?.abort();
    const control = new AbortController();
    running = control;
    out.value = { ...out.peek(), loading: true, error: null };
    load(k, control.signal).then(
      (a) => {
        if (!control.signal.aborted) out.value = { loading: false, data: a.data, error: null, warnings: a.warnings ?? [] };
      },
      (e: unknown) => {
        if (!control.signal.aborted) out.value = { loading: false, data: null, error: ApiError.of(e), warnings: [] };
      },
    );
  });
  return out;
}
