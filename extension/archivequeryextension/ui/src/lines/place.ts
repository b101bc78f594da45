// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// A name for a line that an address can hold: its time in ns, and its number among the lines of that time, `1768435200000000000.0`.

import type { Block, Blocks } from './blocks';
import type { Rec } from './cursor';

/** refOf names a row of a block. Lines of one time are never in two blocks, and are in one order always. */
export function refOf(records: readonly Rec[], row: number, forward: boolean): string {
  const time = records[row]?.time ?? '';
  let n = 0;
  if (records[row - 1]?.time !== time && records[row + 1]?.time !== time) return `${time}.0`;
  // Ascending, whichever way the list goes.
  const by = forward ? -1 : 1;
  for (let i = row + by; records[i]?.time === time; i += by) n++;
  return `${time}.${n}`;
}

/** timeOf is the time of a name; null if it is none. */
export function timeOf(ref: string): bigint | null {
  const m = /^(\d{1,19})\.\d{1,6}$/.exec(ref);
  return m ? BigInt(m[1] ?? '0') : null;
}

/** find looks for a line among the rows in memory. */
export function find(blocks: Blocks, ref: string): { block: Block; row: number } | null {
  const time = timeOf(ref);
  if (time === null) return null;
  const text = String(time);
  for (const block of blocks.list) {
    if (!block.records || time < block.span.lo || time >= block.span.hi) continue;
    for (let row = 0; row < block.count; row++) if (block.records[row]?.time === text && refOf(block.records, row, blocks.forward) === ref) return { block, row };
  }
  return null;
}
