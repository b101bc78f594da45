// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What labels and fields the records of the range have, for completion, and to tell fields from text.

import { signal } from '@preact/signals';

import { fields, labels, labelValues } from '../api/client';
import type { FieldInfo, ValueCount } from '../api/types';
import { run } from '../state/run';
import { everything } from './compose';

export interface Known {
  /** Labels of streams. */
  streams: string[];
  /** By name; a name may be in several places. */
  fields: Map<string, FieldInfo[]>;
  /** Records were looked at, so that a name that is not there is rare at least. */
  sound: boolean;
}

/** known is null as long as nobody asked. */
export const known = signal<Known | null>(null);

let key = '';
let asking: Promise<Known> | null = null;

async function ask(at: { start: number; end: number }): Promise<Known> {
  const [names, found] = await Promise.allSettled([labels(at), fields({ logql: everything, metric: false, ...at }, { values: 10 })]);
  const map = new Map<string, FieldInfo[]>();
  if (found.status === 'fulfilled') for (const f of found.value.data.fields) map.set(f.name, [...(map.get(f.name) ?? []), f]);
  return {
    streams: names.status === 'fulfilled' ? names.value : [],
    fields: map,
    sound: found.status === 'fulfilled' && found.value.data.looked_at > 0,
  };
}

/** learn looks what is in the range; once for about the same range. */
export function learn(): Promise<Known> {
  const r = run.peek();
  if (!r) return Promise.resolve(known.peek() ?? { streams: [], fields: new Map(), sound: false });
  const coarse = Math.max((r.end - r.start) / 4, 60e3);
  const next = `${Math.round(r.start / coarse)} ${Math.round(r.end / coarse)}`;
  if (asking && next === key) return asking;
  key = next;
  const mine: Promise<Known> = ask({ start: r.start, end: r.end }).then((k) => {
    if (asking === mine) known.value = k;
    if (asking === mine && !k.sound) asking = null; // the next who needs it asks again
    return k;
  });
  asking = mine;
  return mine;
}

/** valuesOf are the most frequent values of a field that begin with prefix. */
export async function valuesOf(name: string, prefix: string, abort?: AbortSignal): Promise<ValueCount[]> {
  const r = run.peek();
  if (!r) return [];
  const here = (await learn()).fields.get(name) ?? [];
  const near = here.flatMap((f) => f.values);
  if (near.length > 0 && here.every((f) => f.distinct <= f.values.length)) return near;
  try {
    const more = await fields({ logql: everything, metric: false, start: r.start, end: r.end }, { field: name, prefix, values: 50 }, abort);
    const list = more.data.fields.filter((f) => f.name === name).flatMap((f) => f.values);
    if (list.length > 0) return list;
  } catch {
    // what is known has to do
  }
  if (near.length > 0) return near;
  return (await labelValues(name, { start: r.start, end: r.end }, abort).catch(() => [])).map((value) => ({ value, records: 0 }));
}
