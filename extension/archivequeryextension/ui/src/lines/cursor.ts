// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Long results page by page. Times are the only cursor that the API has, and many records may have the same time, so a page never ends
// within a time: none is lost and none comes twice.

import { ApiError, type Lines } from '../api/client';
import type { Answer } from '../state/run';

export type Rec = Lines['records'][number];

/** Span is a part of time in ns: lo is in it, hi is not. */
export interface Span {
  lo: bigint;
  hi: bigint;
}

export type Fetch = (span: Span, limit: number, forward: boolean, abort: AbortSignal) => Promise<Answer<Lines>>;

export interface Page {
  /** In the order of time, or against it. */
  records: Rec[];
  /** What comes behind; null: nothing. */
  rest: Span | null;
  /** There are more records of one time than a request may ask for: some are not here. */
  hidden: boolean;
  warnings: string[];
}

const keys = new WeakMap<Record<string, string>, string>();

/** keyOf is the same text for the same labels. */
export function keyOf(labels: Record<string, string>): string {
  let key = keys.get(labels);
  if (key === undefined) {
    key = JSON.stringify(Object.entries(labels).sort((a, b) => (a[0] < b[0] ? -1 : 1)));
    keys.set(labels, key);
  }
  return key;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const before = (a: Rec, b: Rec): number =>
  compare(keyOf(a.stream), keyOf(b.stream)) || compare(a.line, b.line) || compare(keyOf(a.metadata), keyOf(b.metadata));

/** settle puts records of equal times, which come in any order, in the one order that they always have. The times are in order. */
export function settle(records: Rec[], forward: boolean): Rec[] {
  for (let i = 0; i < records.length; ) {
    let j = i + 1;
    while (j < records.length && records[j]?.time === records[i]?.time) j++;
    if (j - i > 1) {
      const same = records.slice(i, j).sort(before);
      if (!forward) same.reverse();
      for (let k = 0; k < same.length; k++) records[i + k] = same[k] as Rec;
    }
    i = j;
  }
  return records;
}

/** atMost reads how many entries a request may ask for out of the server's refusal; 0: it is about something else. */
export const atMost = (message: string): number => Number(/max entries limit .*\(\d+ > (\d+)\)/.exec(message)?.[1] ?? 0);

const tooBig = (e: unknown): boolean => e instanceof ApiError && /needs more than \d+ MiB of memory/.test(e.message);

/** Pager loads pages. It learns what the server allows. */
export class Pager {
  /** The largest limit of a request. */
  most = 5000;
  private readonly fetch: Fetch;

  constructor(fetch: Fetch) {
    this.fetch = fetch;
  }

  /** ask is one request, of fewer records if so many are too many for the server. limited says that there may be more. */
  private async ask(span: Span, limit: number, forward: boolean, abort: AbortSignal): Promise<{ answer: Answer<Lines>; limited: boolean }> {
    for (;;) {
      const n = Math.min(limit, this.most);
      try {
        const answer = await this.fetch(span, n, forward, abort);
        return { answer, limited: answer.data.records.length >= n };
      } catch (e) {
        const most = e instanceof ApiError ? atMost(e.message) : 0;
        if (most > 0 && most < n) this.most = most;
        else if (tooBig(e) && n > 1) limit = Math.ceil(n / 8);
        else throw e;
      }
    }
  }

  /** page loads about `limit` records from one end of a span. */
  async page(span: Span, limit: number, forward: boolean, abort: AbortSignal): Promise<Page> {
    if (span.lo >= span.hi) return { records: [], rest: null, hidden: false, warnings: [] };
    const { answer, limited } = await this.ask(span, limit, forward, abort);
    const all = answer.data.records;
    const warnings = answer.warnings ?? [];
    const last = all.at(-1);
    if (!limited || !last) return { records: settle(all, forward), rest: null, hidden: false, warnings };
    // Of the last time there may be more.
    const edge = BigInt(last.time);
    let n = all.length;
    while (n > 0 && all[n - 1]?.time === last.time) n--;
    if (n > 0) {
      const rest = forward ? { lo: edge, hi: span.hi } : { lo: span.lo, hi: edge + 1n };
      return { records: settle(all.slice(0, n), forward), rest, hidden: false, warnings };
    }
    const one = await this.ask({ lo: edge, hi: edge + 1n }, this.most, forward, abort);
    const rest = forward ? { lo: edge + 1n, hi: span.hi } : { lo: span.lo, hi: edge };
    return {
      records: settle(one.answer.data.records, forward), rest: rest.lo < rest.hi ? rest : null, hidden: one.limited,
      warnings: [...new Set([...warnings, ...(one.answer.warnings ?? [])])],
    };
  }
}
