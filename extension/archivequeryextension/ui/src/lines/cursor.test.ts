// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import { ApiError } from '../api/client';
import { atMost, type Fetch, Pager, type Rec, type Span } from './cursor';

const rec = (time: number | bigint, line: string, stream = 'a'): Rec => ({ time: String(time), line, stream: { service_name: stream }, metadata: {} });

let seed = 1;
const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;

/** serverOf answers as the server does: at most `limit` of a half-open range from one end, equal times in any order. */
export function serverOf(all: Rec[], most = 5000, asked: number[] = []): Fetch {
  return async (span, limit, forward) => {
    asked.push(limit);
    if (limit > most) throw new ApiError(`max entries limit per query exceeded, limit > max_entries (${limit} > ${most})`, 400);
    const inside = all.filter((r) => BigInt(r.time) >= span.lo && BigInt(r.time) < span.hi).map((r) => ({ r, x: random(1000) }));
    inside.sort((a, b) => (forward ? 1 : -1) * Number(BigInt(a.r.time) - BigInt(b.r.time)) || a.x - b.x);
    return { data: { records: inside.slice(0, limit).map((x) => ({ ...x.r })) } };
  };
}

const abort = new AbortController().signal;

async function walk(pager: Pager, span: Span, limit: number, forward: boolean): Promise<{ records: Rec[]; pages: number; hidden: boolean }> {
  const records: Rec[] = [];
  let rest: Span | null = span;
  let hidden = false;
  let pages = 0;
  while (rest) {
    const p = await pager.page(rest, limit, forward, abort);
    records.push(...p.records);
    hidden ||= p.hidden;
    rest = p.rest;
    if (++pages > 5000) throw new Error('it does not end');
  }
  return { records, pages, hidden };
}

describe('pages', () => {
  it('lose nothing and bring nothing twice, whatever times are equal', async () => {
    for (let round = 0; round < 60; round++) {
      const n = random(200);
      const all = Array.from({ length: n }, (_, i) => rec(1_768_435_200_000_000_000n + BigInt(random(1 + random(60))), `line ${i}`, `s${random(3)}`));
      const span = { lo: 1_768_435_200_000_000_000n, hi: 1_768_435_200_000_000_100n };
      const limit = 1 + random(20);
      const down = await walk(new Pager(serverOf(all)), span, limit, false);
      const up = await walk(new Pager(serverOf(all)), span, 1 + random(20), true);
      expect(down.records.map((r) => r.line).sort()).toEqual(all.map((r) => r.line).sort());
      expect(down.hidden).toBe(false);
      // One order, whichever way and in whatever pages it was read.
      expect(up.records.map((r) => r.line).reverse()).toEqual(down.records.map((r) => r.line));
    }
  });
  it('keep records at the ends of the span', async () => {
    const all = [rec(10, 'first'), rec(19, 'last'), rec(20, 'outside'), rec(9, 'outside too')];
    const got = await walk(new Pager(serverOf(all)), { lo: 10n, hi: 20n }, 1, true);
    expect(got.records.map((r) => r.line)).toEqual(['first', 'last']);
    expect((await walk(new Pager(serverOf(all)), { lo: 10n, hi: 10n }, 1, true)).records).toEqual([]);
  });
  it('go on behind a time with more records than a request may ask for, and say so', async () => {
    const all = [...Array.from({ length: 30 }, (_, i) => rec(15, `same ${i}`)), rec(14, 'before'), rec(16, 'behind')];
    for (const forward of [true, false]) {
      const got = await walk(new Pager(serverOf(all, 10)), { lo: 0n, hi: 100n }, 8, forward);
      expect(got.hidden).toBe(true);
      expect(got.records.length).toBe(12);
      expect(new Set(got.records.map((r) => r.line)).has('before')).toBe(true);
      expect(new Set(got.records.map((r) => r.line)).has('behind')).toBe(true);
    }
  });
  it('learn what the server allows', async () => {
    const asked: number[] = [];
    const all = Array.from({ length: 40 }, (_, i) => rec(i, `${i}`));
    const pager = new Pager(serverOf(all, 7, asked));
    expect((await walk(pager, { lo: 0n, hi: 100n }, 1000, true)).records.length).toBe(40);
    expect(pager.most).toBe(7);
    expect(asked.filter((n) => n > 7)).toEqual([1000]);
    expect(atMost('parse error at line 1 (5 > 3)')).toBe(0);
  });
  it('ask for fewer if so many are too large, and pass on other errors', async () => {
    const all = Array.from({ length: 20 }, (_, i) => rec(i, `${i}`));
    const server = serverOf(all);
    const fetch: Fetch = async (span, limit, forward, signal) => {
      if (limit > 3) throw new ApiError('the query needs more than 64 MiB of memory: narrow its selector', 400);
      return server(span, limit, forward, signal);
    };
    expect((await walk(new Pager(fetch), { lo: 0n, hi: 100n }, 200, false)).records.length).toBe(20);
    await expect(new Pager(() => Promise.reject(new ApiError('parse error', 400))).page({ lo: 0n, hi: 1n }, 5, true, abort)).rejects.toThrow('parse error');
  });
});
