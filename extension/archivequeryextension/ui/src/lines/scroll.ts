// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Where a long list is scrolled to. Browsers hold no element of more than some 16 to 33 million pixels, and every correction of a
// height would move what one reads; so the place in the list (virtual) and that of the scroll bar (physical) are two numbers, whose
// difference may grow while one scrolls and is made good when the hand rests.

import type { Block, Blocks, Place } from './blocks';
import type { Change, Entry } from './store';

export const maxPixels = 8_000_000;

export class Scroll {
  /** Virtual: pixels from the top of all rows to the top of the window. */
  y = 0;
  /** Physical minus virtual. */
  shift = 0;
  /** Height of the window. */
  view = 600;
  private readonly blocks: Blocks;
  private anchor: { block: Block; row: number; dy: number } | null = null;

  constructor(blocks: Blocks) {
    this.blocks = blocks;
    this.set(0);
  }

  get physicalHeight(): number {
    return Math.min(this.blocks.height, maxPixels);
  }

  private get most(): number {
    return Math.max(0, this.blocks.height - this.view);
  }

  get physical(): number {
    return this.y + this.shift;
  }

  private set(y: number): void {
    this.y = Math.max(0, Math.min(y, this.most));
    const at = this.readable();
    this.anchor = at ? { block: at.block, row: at.row, dy: this.y - at.top } : null;
  }

  /** readable is the first row of the window that one can read; the gap at its top, whose height is a guess, only if there is none. */
  private readable(): Place | null {
    const at = this.blocks.at(this.y);
    if (!at || at.block.records) return at;
    const { list } = this.blocks;
    let top = at.top;
    for (let i = list.indexOf(at.block); i < list.length && top < this.y + this.view; i++) {
      const block = list[i] as Block;
      if (block.records && block.count > 0) return { block, row: 0, top };
      top += block.height;
    }
    return at;
  }

  /** scrolled: the browser has scrolled to a physical place. */
  scrolled(physical: number): void {
    const before = this.physical;
    const all = this.blocks.height;
    const far = Math.abs(physical - before) > 3 * this.view;
    if (far && all > maxPixels) this.set((physical / Math.max(1, maxPixels - this.view)) * this.most);
    else this.set(physical - this.shift);
    this.shift = physical - this.y;
  }

  /** go shows a virtual place; the physical one follows with settle. */
  go(y: number): void {
    this.set(y);
  }

  /** settle is the physical place that belongs to the virtual one, and from then on the two agree. */
  settle(): number {
    const all = this.blocks.height;
    const physical = all <= maxPixels ? this.y : (this.y / Math.max(1, this.most)) * (maxPixels - this.view);
    this.shift = Math.round(physical) - this.y;
    return Math.round(physical);
  }

  /** settled tells whether they agree so far that nobody minds. */
  get settled(): boolean {
    const all = this.blocks.height;
    const want = all <= maxPixels ? this.y : (this.y / Math.max(1, this.most)) * (maxPixels - this.view);
    return Math.abs(want - this.physical) < 1;
  }

  /** hold keeps what is at the top of the window there, after the blocks have changed; the physical place stays. */
  hold(): void {
    const physical = this.physical;
    const a = this.anchor;
    if (a && this.blocks.list.includes(a.block)) {
      if (a.row > 0 && a.row >= a.block.count) a.row = Math.max(0, a.block.count - 1);
      this.set(this.blocks.topOf(a.block, a.row) + a.dy);
    } else this.set(this.y);
    this.shift = physical - this.y;
  }

  /** replaced keeps the place when the block at the top of the window was a gap that is now known. */
  replaced(c: Change): void {
    const a = this.anchor;
    if (!a || a.block !== c.old || c.old === c.loaded) return;
    const top = this.blocks.topOf(c.loaded);
    const physical = this.physical;
    if (c.entry === 'top') this.set(top + a.dy);
    else if (c.entry === 'bottom') this.set(top + c.loaded.height - (c.old.height - a.dy));
    else this.set(top);
    this.shift = physical - this.y;
  }

  /** window is the first and the last pixel to be rendered. */
  window(over: number): [number, number] {
    return [Math.max(0, this.y - over), this.y + this.view + over];
  }

  /** wanted are the blocks in or near the window that are not in memory, nearest first, and how to enter them. */
  wanted(timeAt: (b: Block, part: number) => bigint): { block: Block; entry: Entry }[] {
    const [from, to] = [this.y - this.view, this.y + 2 * this.view];
    const middle = this.y + this.view / 2;
    const out: { block: Block; entry: Entry; far: number }[] = [];
    let top = 0;
    const { list } = this.blocks;
    for (let i = 0; i < list.length; i++) {
      const block = list[i] as Block;
      const bottom = top + block.height;
      if (!block.records && !block.failed && bottom >= from && top <= to) {
        // Where rows join what is there already: nothing jumps then.
        const above = top >= from && (i === 0 || list[i - 1]?.records != null);
        const below = bottom <= to && list[i + 1]?.records != null;
        const entry: Entry = !block.gap || (above && (i > 0 || !below)) ? 'top' : below ? 'bottom' : above ? 'top' : timeAt(block, Math.max(0, Math.min(1, (this.y - top) / block.height)));
        out.push({ block, entry, far: middle < top ? top - middle : middle > bottom ? middle - bottom : 0 });
      }
      top = bottom;
    }
    return out.sort((a, b) => a.far - b.far);
  }
}
