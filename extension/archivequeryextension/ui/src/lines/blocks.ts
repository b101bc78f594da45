// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// A list of any length as blocks of rows, of which only some are in memory, and where each row is, in pixels from the top of all.

import type { Rec, Span } from './cursor';

export interface Block {
  readonly id: number;
  span: Span;
  /** Null: not in memory. */
  records: Rec[] | null;
  /** Of the rows that are in memory: measured, or estimated. */
  heights: Float32Array | null;
  /** Rows; of a gap it is estimated. */
  count: number;
  /** Nobody has looked yet what is there. */
  gap: boolean;
  height: number;
  bytes: number;
  failed: boolean;
}

export interface Place {
  block: Block;
  row: number;
  /** From the top of all, of the row, or of the block if its rows are not in memory. */
  top: number;
}

let ids = 0;

/** sizeOf is about how much memory a record holds. */
export function sizeOf(r: Rec): number {
  let n = 200 + 2 * r.line.length;
  for (const name in r.metadata) n += 64 + 2 * (name.length + (r.metadata[name]?.length ?? 0));
  if (r.parsed) for (const name in r.parsed) n += 64 + 2 * (name.length + (r.parsed[name]?.length ?? 0));
  return n;
}

/** Blocks knows the height of everything. estimate tells that of a row that was never shown. */
export class Blocks {
  list: Block[] = [];
  /** Oldest first. */
  forward = true;
  rowHeight = 24;
  estimate: (r: Rec) => number = () => this.rowHeight;

  loaded(span: Span, records: Rec[]): Block {
    const b: Block = { id: ++ids, span, records: null, heights: null, count: 0, gap: false, height: 0, bytes: 0, failed: false };
    this.fill(b, records);
    return b;
  }

  gap(span: Span, count: number): Block {
    return { id: ++ids, span, records: null, heights: null, count, gap: true, height: Math.max(count, 1) * this.rowHeight, bytes: 0, failed: false };
  }

  fill(b: Block, records: Rec[]): void {
    b.records = records;
    b.gap = b.failed = false;
    b.count = records.length;
    b.bytes = 0;
    for (const r of records) b.bytes += sizeOf(r);
    this.lay(b);
  }

  /** append adds rows at the end of a block. */
  append(b: Block, records: Rec[]): void {
    const heights = new Float32Array(b.count + records.length);
    if (b.heights) heights.set(b.heights);
    for (let i = 0; i < records.length; i++) {
      const r = records[i] as Rec;
      const h = this.estimate(r);
      heights[b.count + i] = h;
      b.height += h;
      b.bytes += sizeOf(r);
    }
    b.heights = heights;
    b.records = [...(b.records ?? []), ...records];
    b.count = b.records.length;
  }

  private lay(b: Block): void {
    if (!b.records) {
      b.height = Math.max(b.count, b.gap ? 1 : 0) * this.rowHeight;
      return;
    }
    b.heights = new Float32Array(b.records.length);
    b.height = 0;
    for (let i = 0; i < b.records.length; i++) {
      const h = this.estimate(b.records[i] as Rec);
      b.heights[i] = h;
      b.height += h;
    }
  }

  /** relay forgets what was measured: the width has changed, or what is shown. */
  relay(): void {
    let rows = 0;
    let height = 0;
    for (const b of this.list)
      if (b.records) {
        this.lay(b);
        rows += b.count;
        height += b.height;
      }
    if (rows > 0) this.rowHeight = height / rows;
    for (const b of this.list) if (!b.records) this.lay(b);
  }

  drop(b: Block): void {
    b.records = b.heights = null;
    b.bytes = 0;
  }

  get height(): number {
    let h = 0;
    for (const b of this.list) h += b.height;
    return h;
  }

  get bytes(): number {
    let n = 0;
    for (const b of this.list) n += b.bytes;
    return n;
  }

  get rows(): number {
    let n = 0;
    for (const b of this.list) n += b.count;
    return n;
  }

  topOf(block: Block, row = 0): number {
    let top = 0;
    for (const b of this.list) {
      if (b === block) break;
      top += b.height;
    }
    if (block.heights) for (let i = 0; i < row; i++) top += block.heights[i] ?? 0;
    return top;
  }

  /** at is the place that is so many pixels below the top; the last one if there is none. */
  at(y: number): Place | null {
    let top = 0;
    for (let i = 0; i < this.list.length; i++) {
      const b = this.list[i] as Block;
      if (y < top + b.height || i === this.list.length - 1) {
        if (!b.heights) return { block: b, row: 0, top };
        for (let row = 0; row < b.count; row++) {
          const h = b.heights[row] ?? 0;
          if (y < top + h || row === b.count - 1) return { block: b, row, top };
          top += h;
        }
        return { block: b, row: 0, top };
      }
      top += b.height;
    }
    return null;
  }

  /** measured takes note of a row's height, and tells by how much it was wrong. */
  measured(b: Block, row: number, height: number): number {
    if (!b.heights || row >= b.count) return 0;
    const d = height - (b.heights[row] ?? 0);
    if (Math.abs(d) < 0.5) return 0;
    b.heights[row] = height;
    b.height += d;
    return d;
  }

  /** step is the place of the row before or after one, among those in memory. */
  step(p: { block: Block; row: number }, by: 1 | -1): { block: Block; row: number } | null {
    if (p.block.records && p.row + by >= 0 && p.row + by < p.block.count) return { block: p.block, row: p.row + by };
    const at = this.list.indexOf(p.block);
    for (let i = at + by; i >= 0 && i < this.list.length; i += by) {
      const b = this.list[i] as Block;
      if (!b.records) return null;
      if (b.count > 0) return { block: b, row: by > 0 ? 0 : b.count - 1 };
    }
    return null;
  }

  replace(old: Block, blocks: Block[]): void {
    const i = this.list.indexOf(old);
    if (i >= 0) this.list.splice(i, 1, ...blocks);
  }
}
