// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The lines of a result: what is looked at is loaded, what is far from it is dropped and loaded again when one comes back. Gaps are
// the parts of time that nobody has looked at yet; a density tells about how many rows they will be.

import { signal } from '@preact/signals';

import { ApiError } from '../api/client';
import { type Block, Blocks } from './blocks';
import { Pager, type Rec, settle, type Span } from './cursor';

/** Where a gap is entered: at its first row, at its last, or at a time in it. */
export type Entry = 'top' | 'bottom' | bigint;

/** Change tells a list what became of a block, so that it keeps its place. */
export interface Change {
  old: Block;
  entry: Entry;
  /** The block with the new records. */
  loaded: Block;
}

export interface Options {
  span: Span;
  /** Oldest first. */
  forward: boolean;
  /** About how many records there are in a part of time. */
  density?: ((span: Span) => number) | null;
  /** Bytes that may be held; what is on the screen is held anyway. */
  maxBytes?: number;
  onChange?: (c: Change) => void;
}

const firstPage = 200;
const nextPage = 500;
/** Bytes of one answer that a page is to have at most, about. */
const pageBytes = 1 << 20;

export class Store {
  readonly blocks = new Blocks();
  /** Goes up with every change of the blocks. */
  readonly version = signal(0);
  readonly loading = signal(false);
  /** The first page is there, or could not be had. */
  readonly began = signal(false);
  readonly error = signal<ApiError | null>(null);
  readonly warnings = signal<string[]>([]);
  /** Some records of one time are not shown: there are too many. */
  readonly hidden = signal(false);
  /** What was loaded again was not the same. */
  readonly changed = signal(false);

  readonly forward: boolean;
  private readonly pager: Pager;
  private density: (span: Span) => number;
  private readonly maxBytes: number;
  onChange: (c: Change) => void;
  private control: AbortController | null = null;
  private current: Block | null = null;
  private averageBytes = 0;
  private closed = false;

  constructor(pager: Pager, o: Options) {
    this.pager = pager;
    this.forward = this.blocks.forward = o.forward;
    this.density = o.density ?? (() => 1);
    this.maxBytes = o.maxBytes ?? 48 << 20;
    this.onChange = o.onChange ?? (() => {});
    this.blocks.list = [this.blocks.gap(o.span, this.density(o.span))];
  }

  /** know takes a better density. */
  know(density: (span: Span) => number): void {
    this.density = density;
    for (const b of this.blocks.list)
      if (b.gap) {
        b.count = density(b.span);
        b.height = Math.max(b.count, 1) * this.blocks.rowHeight;
      }
    this.version.value++;
  }

  isLoading(b: Block): boolean {
    return b === this.current;
  }

  close(): void {
    this.closed = true;
    this.control?.abort();
  }

  /** timeAt is the time at a part (0 to 1) of a gap, by the density. */
  timeAt(span: Span, part: number): bigint {
    let { lo, hi } = span;
    const all = this.density(span);
    if (all <= 1) return this.forward ? lo : hi - 1n;
    const want = (this.forward ? part : 1 - part) * all;
    for (let i = 0; i < 40 && hi - lo > 1n; i++) {
      const mid = lo + (hi - lo) / 2n;
      if (this.density({ lo: span.lo, hi: mid }) < want) lo = mid;
      else hi = mid;
    }
    return lo;
  }

  /** wants loads a block if it is not in memory; what else was loading, and is not asked for again, is given up. */
  async load(b: Block, entry: Entry): Promise<void> {
    if (this.closed || b.records || b === this.current) return;
    this.control?.abort();
    const control = new AbortController();
    this.control = control;
    this.current = b;
    this.loading.value = true;
    try {
      if (b.gap) await this.enter(b, entry, control.signal);
      else await this.reload(b, control.signal);
      if (!control.signal.aborted) this.error.value = null;
    } catch (e) {
      if (!control.signal.aborted) {
        b.failed = true;
        this.error.value = ApiError.of(e);
        this.version.value++;
      }
    } finally {
      if (this.control === control) {
        this.control = this.current = null;
        this.loading.value = false;
        this.began.value = true;
      }
    }
  }

  /** retry lets what failed be loaded again. */
  retry(): void {
    for (const b of this.blocks.list) b.failed = false;
    this.error.value = null;
    this.version.value++;
  }

  private limit(): number {
    if (this.averageBytes === 0) return firstPage;
    return Math.max(10, Math.min(nextPage, Math.floor(pageBytes / this.averageBytes)));
  }

  private note(records: Rec[], warnings: string[], hidden: boolean): void {
    if (records.length > 0) {
      let n = 0;
      for (const r of records) n += 400 + r.line.length;
      this.averageBytes = n / records.length;
    }
    const known = this.warnings.value;
    const fresh = warnings.filter((w) => !known.includes(w));
    if (fresh.length > 0 && known.length < 100) this.warnings.value = [...known, ...fresh];
    if (hidden) this.hidden.value = true;
  }

  private async enter(b: Block, entry: Entry, abort: AbortSignal): Promise<void> {
    const { span } = b;
    const inside = typeof entry === 'bigint' && entry >= span.lo && entry < span.hi;
    // In the order of the list: what comes before the page, the page, what comes behind it.
    const direction = entry === 'bottom' ? !this.forward : this.forward;
    const from: Span = !inside ? span : this.forward ? { lo: entry, hi: span.hi } : { lo: span.lo, hi: entry + 1n };
    const skipped: Span | null = !inside ? null : this.forward ? { lo: span.lo, hi: entry } : { lo: entry + 1n, hi: span.hi };
    const page = await this.pager.page(from, this.limit(), direction, abort);
    if (abort.aborted) return;
    this.note(page.records, page.warnings, page.hidden);
    const records = entry === 'bottom' ? page.records.reverse() : page.records;
    const rest = page.rest;
    const covered: Span = { lo: rest && direction ? from.lo : rest ? rest.hi : from.lo, hi: rest && direction ? rest.lo : from.hi };
    const loaded = this.blocks.loaded(covered, records);
    const gap = (s: Span | null): Block[] => (s && s.lo < s.hi ? [this.blocks.gap(s, this.density(s))] : []);
    const parts = entry === 'bottom' ? [...gap(rest), loaded] : [...gap(skipped), loaded, ...gap(rest)];
    if (this.blocks.list.every((x) => x === b || x.gap) && loaded.count > 0) {
      this.blocks.rowHeight = loaded.height / loaded.count;
      for (const p of [...parts, ...this.blocks.list]) if (p.gap) p.height = Math.max(p.count, 1) * this.blocks.rowHeight;
    }
    this.blocks.replace(b, parts);
    this.onChange({ old: b, entry, loaded });
    this.version.value++;
  }

  private async reload(b: Block, abort: AbortSignal): Promise<void> {
    const page = await this.pager.page(b.span, Math.max(2 * b.count, 500), this.forward, abort);
    if (abort.aborted) return;
    this.note(page.records, page.warnings, page.hidden);
    if (page.records.length !== b.count) this.changed.value = true;
    const { lo, hi } = b.span;
    this.blocks.fill(b, settle(page.records, this.forward));
    if (page.rest && page.rest.lo < page.rest.hi) {
      // Much has come since: the rest becomes a gap of its own.
      b.span = this.forward ? { lo, hi: page.rest.lo } : { lo: page.rest.hi, hi };
      this.blocks.replace(b, [b, this.blocks.gap(page.rest, this.density(page.rest))]);
    }
    this.onChange({ old: b, entry: 'top', loaded: b });
    this.version.value++;
  }

  /** keep drops what is farthest from the rows on the screen, as long as there is too much. */
  keep(first: Block, last: Block): void {
    const { list } = this.blocks;
    const a = list.indexOf(first);
    const z = list.indexOf(last);
    let bytes = this.blocks.bytes;
    for (let i = 0, j = list.length - 1; bytes > this.maxBytes && (i < a - 1 || j > z + 1); ) {
      const below = j - z >= a - i; // the end that is farther
      const b = list[below ? j-- : i++] as Block;
      if (b.records) {
        bytes -= b.bytes;
        this.blocks.drop(b);
      }
    }
  }
}

/** densityOf makes a density of counts per bucket: what lies between is spread evenly. */
export function densityOf(startMs: number, stepMs: number, counts: readonly number[]): (span: Span) => number {
  const sums = new Float64Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) sums[i + 1] = (sums[i] ?? 0) + (counts[i] ?? 0);
  const upTo = (ns: bigint): number => {
    const at = (Number(ns - BigInt(startMs) * 1_000_000n) / 1e6 / stepMs);
    if (at <= 0) return 0;
    if (at >= counts.length) return sums[counts.length] ?? 0;
    const i = Math.floor(at);
    return (sums[i] ?? 0) + (counts[i] ?? 0) * (at - i);
  };
  return (span) => upTo(span.hi) - upTo(span.lo);
}
