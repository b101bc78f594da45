// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { computed, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import { ApiError, fields as ask } from '../api/client';
import type { Fields } from '../api/types';
import { compose } from '../search/compose';
import { type Answer, type Loaded, resource, type Run, run } from '../state/run';
import { state } from '../state/url';
import { facets, without } from './pick';

const kept = 'logboom.fields';
const stored = (): boolean => {
  try {
    return localStorage.getItem(kept) !== 'closed';
  } catch {
    return true; // no storage: as at first
  }
};

/** wide: there is room for the panel beside the lines; otherwise it is a drawer. */
const room = matchMedia('(min-width: 861px)');
export const wide = signal(room.matches);
room.addEventListener('change', () => {
  wide.value = room.matches;
});

const beside = signal(stored());
const drawer = signal(false);

/** open: the panel is to be seen. */
export const open = computed(() => (wide.value ? beside.value : drawer.value));

export function setOpen(on: boolean): void {
  if (!wide.peek()) {
    drawer.value = on;
    return;
  }
  beside.value = on;
  try {
    localStorage.setItem(kept, on ? 'open' : 'closed');
  } catch {
    // it is forgotten then
  }
}

const asked = (): Run | null => (open.value && state.value.view === 'lines' && run.value && !run.value.metric ? run.value : null);

/** fields are those of the question of the moment. */
export const fields = resource(asked, (r: Run, abort) => ask(r, {}, abort));

/** facetCounts are a facet's values in what the question would find without its own filters; nothing is asked as long as it has none. */
export const facetCounts = Object.fromEntries(
  facets.map(({ name }) => [
    name,
    resource(
      () => {
        const r = asked();
        const { q, filters } = state.value;
        if (!r || !filters.some((f) => f.name === name)) return null;
        return { ...r, logql: compose(q, without(filters, name)).logql, name };
      },
      ({ name: field, ...r }, abort) => ask(r, { field, values: 100 }, abort),
    ),
  ]),
);

/** useAnswer loads for a component, for every key that is not null. */
export function useAnswer<T>(key: string | null, load: (abort: AbortSignal) => Promise<Answer<T>>): Loaded<T> {
  const [got, set] = useState<Loaded<T>>({ loading: false, data: null, error: null, warnings: [] });
  useEffect(() => {
    if (key === null) return undefined;
    const control = new AbortController();
    set((was) => ({ ...was, loading: true, error: null }));
    load(control.signal).then(
      (a) => !control.signal.aborted && set({ loading: false, data: a.data, error: null, warnings: a.warnings ?? [] }),
      (e: unknown) => !control.signal.aborted && set({ loading: false, data: null, error: ApiError.of(e), warnings: [] }),
    );
    return () => control.abort();
  }, [key]);
  return got;
}

/** moreValues are the most frequent values of one field, those that begin with prefix. */
export const moreValues = (r: Run, field: string, prefix: string, abort: AbortSignal): Promise<Answer<Fields>> =>
  ask(r, { field, values: 100, ...(prefix === '' ? {} : { prefix }) }, abort);
