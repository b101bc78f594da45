// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import { ApiError } from '../api/client';
import { type Fetch, Pager, type Rec } from './cursor';
import { find, refOf, timeOf } from './place';
import { maxPixels, Scroll } from './scroll';
import { densityOf, Store } from './store';

const base = 1_768_435_200_000n; // ms
const at = (i: number): string => String(base * 1_000_000n + BigInt(i) * 1_000_000n);
const make = (n: number, size = 10): Rec[] =>
  Array.from({ length: n }, (_, i) => ({ time: at(i), line: `${i} ${'x'.repeat(size)}`, stream: { service_name: 'a' }, metadata: {} }));

function server(all: Rec[]): Fetch {
  const times = all.map((r) => BigInt(r.time));
  return async (span, limit, forward) => {
    const inside = all.filter((_, i) => (times[i] ?? 0n) >= span.lo && (times[i] ?? 0n) < span.hi);
    return { data: { records: (forward ? inside : inside.reverse()).slice(0, limit) } };
  };
}

const spanOf = (n: number) => ({ lo: base * 1_000_000n, hi: (base + BigInt(n)) * 1_000_000n });

/** view loads what a window at a place wants, until nothing is wanted. */
async function view(store: Store, scroll: Scroll): Promise<void> {
  for (let i = 0; i < 50; i++) {
    const next = scroll.wanted((b, part) => store.timeAt(b.span, part))[0];
    if (!next) return;
    await store.load(next.block, next.entry);
    scroll.hold();
  }
  throw new Error('it does not end');
}

function setup(n: number, o: { forward?: boolean; dense?: boolean; maxBytes?: number; fetch?: Fetch; size?: number } = {}) {
  const all = make(n, o.size);
  const store = new Store(new Pager(o.fetch ?? server(all)), {
    span: spanOf(n), forward: o.forward ?? false, density: o.dense ? densityOf(Number(base), 1000, Array(Math.ceil(n / 1000)).fill(1000) as number[]) : null, maxBytes: o.maxBytes,
  });
  const scroll = new Scroll(store.blocks);
  scroll.view = 600;
  store.onChange = (c) => scroll.replaced(c);
  return { all, store, scroll };
}

const shown = (store: Store): string[] => store.blocks.list.flatMap((b) => (b.records ?? []).map((r) => r.line.split(' ')[0] ?? ''));

/** inOrder checks that what is in memory is in order, and touches without loss where no gap lies between. */
function inOrder(store: Store, forward: boolean): void {
  const by = forward ? 1 : -1;
  let last: number | null = null;
  for (const b of store.blocks.list) {
    if (!b.records) {
      last = null;
      continue;
    }
    for (const r of b.records) {
      const n = Number(r.line.split(' ')[0]);
      if (last !== null && n !== last + by) throw new Error(`${n} follows ${last}`);
      last = n;
    }
  }
}

describe('store', () => {
  it('loads from the top, and further as one scrolls', async () => {
    for (const forward of [true, false]) {
      const { store, scroll } = setup(3000, { forward });
      await view(store, scroll);
      expect(shown(store)[0]).toBe(forward ? '0' : '2999');
      while (!(scroll.y >= store.blocks.height - scroll.view - 1)) {
        scroll.scrolled(scroll.physical + 500);
        await view(store, scroll);
      }
      expect(shown(store).length).toBe(3000);
      inOrder(store, forward);
      expect(store.blocks.list.some((b) => b.gap)).toBe(false);
    }
  });
  it('jumps into the middle and meets itself from both sides', async () => {
    for (const forward of [true, false]) {
      const { store, scroll } = setup(20_000, { forward, dense: true });
      await view(store, scroll);
      scroll.scrolled(store.blocks.height / 2);
      await view(store, scroll);
      const top = store.blocks.at(scroll.y);
      const n = Number(top?.block.records?.[top.row]?.line.split(' ')[0]);
      expect(Math.abs(n - 10_000)).toBeLessThan(500);
      inOrder(store, forward);
      // Up from here: the row at the top of the window moves by as much as one scrolls, although rows are put in above it.
      for (let i = 0; i < 30; i++) {
        const before = store.blocks.at(scroll.y);
        const line = Number(before?.block.records?.[before.row]?.line.split(' ')[0]);
        scroll.scrolled(scroll.physical - 240);
        const after = store.blocks.at(scroll.y);
        const next = Number(after?.block.records?.[after.row]?.line.split(' ')[0]);
        expect(Math.abs(next - line)).toBe(10);
        await view(store, scroll);
        const held = store.blocks.at(scroll.y);
        expect(Number(held?.block.records?.[held.row]?.line.split(' ')[0])).toBe(next);
        inOrder(store, forward);
      }
    }
  });
  it('reaches every row of a million', async () => {
    const n = 1_000_000;
    const fetch: Fetch = async (span, limit, forward) => {
      const lo = Math.max(0, Number((span.lo + 999_999n) / 1_000_000n - base));
      const hi = Math.min(n, Number((span.hi + 999_999n) / 1_000_000n - base));
      const count = Math.max(0, Math.min(limit, hi - lo));
      const records = Array.from({ length: count }, (_, i): Rec => {
        const k = forward ? lo + i : hi - 1 - i;
        return { time: at(k), line: `${k}`, stream: { service_name: 'a' }, metadata: {} };
      });
      return { data: { records } };
    };
    const store = new Store(new Pager(fetch), {
      span: spanOf(n), forward: false, density: densityOf(Number(base), 10_000, Array(100).fill(10_000) as number[]), maxBytes: 3 << 20,
    });
    const scroll = new Scroll(store.blocks);
    store.onChange = (c) => scroll.replaced(c);
    expect(scroll.physicalHeight).toBe(maxPixels);
    for (const part of [0, 0.13, 0.5, 0.77, 0.999, 0.2, 1]) {
      scroll.scrolled(part * (maxPixels - scroll.view));
      await view(store, scroll);
      scroll.settle();
      const p = store.blocks.at(scroll.y);
      const k = Number(p?.block.records?.[p.row]?.line);
      expect(Math.abs(n * (1 - part) - k)).toBeLessThan(2000);
      if (p) store.keep(p.block, p.block);
      expect(store.blocks.bytes).toBeLessThan(4 << 20);
      inOrder(store, false);
    }
    expect(store.blocks.list.at(-1)?.records?.at(-1)?.line).toBe('0');
  });
  it('begins at a time, with rows before it, whether their number is known or not', async () => {
    for (const dense of [true, false]) {
      const { store, scroll } = setup(20_000, { dense });
      const gap = store.blocks.list[0];
      if (!gap) throw new Error('no gap');
      await store.load(gap, BigInt(at(12_000)) + 1n);
      const p = find(store.blocks, `${at(12_000)}.0`);
      if (!p) throw new Error('not found');
      scroll.go(store.blocks.topOf(p.block, p.row) - 200);
      await view(store, scroll);
      const place = find(store.blocks, `${at(12_000)}.0`);
      const top = place ? store.blocks.topOf(place.block, place.row) - scroll.y : -1;
      expect(top).toBeGreaterThan(20);
      expect(top).toBeLessThan(600);
      inOrder(store, false);
    }
  });
  it('drops what is far, and loads it again', async () => {
    const { store, scroll } = setup(20_000, { forward: true, maxBytes: 2 << 20, size: 400 });
    await view(store, scroll);
    while (!(scroll.y >= store.blocks.height - scroll.view - 1)) {
      scroll.scrolled(scroll.physical + 5000);
      await view(store, scroll);
      const p = store.blocks.at(scroll.y);
      if (p) store.keep(p.block, p.block);
      expect(store.blocks.bytes).toBeLessThan(6 << 20);
    }
    expect(store.blocks.list[0]?.records).toBe(null);
    expect(store.blocks.rows).toBe(20_000);
    scroll.go(0);
    await view(store, scroll);
    expect(shown(store)[0]).toBe('0');
    inOrder(store, true);
    expect(store.changed.value).toBe(false);
  });
  it('tells that a part has changed, and keeps what is behind it', async () => {
    const all = make(300);
    const { store, scroll } = setup(300, { forward: true, fetch: (...a) => server(all)(...a) });
    await view(store, scroll);
    const first = store.blocks.list[0];
    if (!first) throw new Error('nothing loaded');
    store.blocks.drop(first);
    all.splice(10, 0, { ...(all[10] as Rec), line: 'late' });
    scroll.go(0);
    await store.load(first, 'top');
    expect(store.changed.value).toBe(true);
    expect(shown(store)).toContain('late');
  });
  it('tells of errors, and tries again', async () => {
    let broken = true;
    const all = make(100);
    const { store, scroll } = setup(100, {
      fetch: (...a) => (broken ? Promise.reject(new ApiError('the archive does not answer', 503)) : server(all)(...a)),
    });
    await view(store, scroll);
    expect(store.error.value?.message).toBe('the archive does not answer');
    expect(store.began.value).toBe(true);
    expect(scroll.wanted(() => 0n)).toEqual([]);
    broken = false;
    store.retry();
    await view(store, scroll);
    expect(store.error.value).toBe(null);
    expect(shown(store).length).toBe(100);
  });
  it('gives up what is not wanted any more', async () => {
    const aborted: boolean[] = [];
    let release = (): void => {};
    const { store } = setup(10_000, {
      dense: true,
      fetch: (span, limit, forward, abort) =>
        new Promise((resolve, reject) => {
          abort.addEventListener('abort', () => {
            aborted.push(true);
            reject(new Error('aborted'));
          });
          release = () => void server(make(10_000))(span, limit, forward, abort).then(resolve);
        }),
    });
    const gap = store.blocks.list[0];
    if (!gap) throw new Error('no gap');
    const one = store.load(gap, 'top');
    const other = store.blocks.gap(spanOf(5), 5);
    store.blocks.list.push(other);
    const two = store.load(other, 'top');
    await one;
    expect(aborted).toEqual([true]);
    expect(store.error.value).toBe(null);
    release();
    await two;
    expect(store.loading.value).toBe(false);
    store.close();
  });
});

describe('scroll', () => {
  it('keeps the row at the top when heights above it turn out otherwise', async () => {
    const { store, scroll } = setup(500, { forward: true });
    await view(store, scroll);
    const b = store.blocks.list[0];
    if (!b) throw new Error('nothing loaded');
    scroll.scrolled(24 * 100 + 5);
    for (let i = 0; i < 50; i++) store.blocks.measured(b, i, 48);
    scroll.hold();
    const p = store.blocks.at(scroll.y);
    expect([p?.row, scroll.y - (p?.top ?? 0)]).toEqual([100, 5]);
    expect(scroll.physical).toBe(24 * 100 + 5); // the browser's own place has not moved
    expect(scroll.settled).toBe(false);
    expect(scroll.settle()).toBe(24 * 150 + 5);
    expect(scroll.settled).toBe(true);
  });
});

describe('a row that the address names', () => {
  it('stays in the window when more becomes known of what lies before it', async () => {
    for (const forward of [true, false]) {
      const { store, scroll } = setup(2000, { forward });
      const gap = store.blocks.list[0];
      if (!gap) throw new Error('no gap');
      await store.load(gap, BigInt(at(1000)) + (forward ? -1n : 1n));
      const ref = `${at(1000)}.0`;
      const inWindow = (): boolean => {
        const p = find(store.blocks, ref);
        const y = p ? store.blocks.topOf(p.block, p.row) - scroll.y : -1;
        return y >= 0 && y < scroll.view;
      };
      const p = find(store.blocks, ref);
      if (!p) throw new Error('not loaded');
      scroll.go(store.blocks.topOf(p.block, p.row) - 0.3 * scroll.view);
      expect(inWindow()).toBe(true);
      store.know(densityOf(Number(base), 1000, [1000, 1000]));
      scroll.hold();
      expect(inWindow()).toBe(true);
      await view(store, scroll);
      expect(inWindow()).toBe(true);
      expect(store.blocks.list.some((b) => b.records && b !== p.block)).toBe(true); // what lies around it was loaded
    }
  });
});

describe('place', () => {
  it('names lines, and finds them', async () => {
    const same = ['b', 'a', 'c'].map((line): Rec => ({ time: at(5), line, stream: { service_name: 'a' }, metadata: {} }));
    for (const forward of [true, false]) {
      const { store, scroll } = setup(10, { forward, fetch: server([...make(5), ...same, ...make(10).slice(6)]) });
      await view(store, scroll);
      const b = store.blocks.list[0];
      const records = b?.records;
      if (!b || !records) throw new Error('nothing loaded');
      const refs = records.map((_, i) => refOf(records, i, forward));
      expect(new Set(refs).size).toBe(12);
      expect(records[refs.indexOf(`${at(5)}.0`)]?.line).toBe('a');
      expect(records[refs.indexOf(`${at(5)}.2`)]?.line).toBe('c');
      refs.forEach((ref, row) => expect(find(store.blocks, ref)).toEqual({ block: b, row }));
      expect(find(store.blocks, `${at(5)}.3`)).toBe(null);
    }
    expect(timeOf('x')).toBe(null);
    expect(timeOf('12.0')).toBe(12n);
  });
});

describe('density', () => {
  it('spreads counts', () => {
    const d = densityOf(1000, 100, [10, 0, 30]);
    const ms = (n: number): bigint => BigInt(n) * 1_000_000n;
    expect(d({ lo: ms(1000), hi: ms(1300) })).toBe(40);
    expect(d({ lo: ms(1050), hi: ms(1250) })).toBe(20);
    expect(d({ lo: ms(0), hi: ms(1000) })).toBe(0);
    expect(d({ lo: ms(1200), hi: ms(9000) })).toBe(30);
  });
});
