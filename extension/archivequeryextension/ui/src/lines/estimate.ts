// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// How high a row will be, before anybody has seen it: text of one width makes that a matter of counting.

import { bodyOf, lengthOf } from './body';
import type { Rec } from './cursor';
import { type Look, most } from './Row';

export interface Measures {
  /** Width in px of the part of a row that has the text, and of one character. */
  width: number;
  char: number;
  /** Height of a line of text, and of a row without its text. */
  line: number;
  extra: number;
}

/** estimator makes a function that tells the height of a row. */
export function estimator(m: Measures, look: Look): (r: Rec) => number {
  const single = m.line + m.extra;
  if (!look.wrap) return () => single;
  const columns = Math.max(10, Math.floor(m.width / m.char));
  const rows = (length: number): number => Math.max(1, Math.ceil(length / (columns * 0.97))) * m.line + m.extra;
  // To read JSON takes time: one line of some is read, the others are taken to be like those.
  let part = 0.6;
  let n = 0;
  return (r) => {
    const { line } = r;
    if (line.length <= columns && !line.includes('\n')) return single;
    const structured = !look.raw && (line.startsWith('{') || /^[\w.@]+=/.test(line));
    if (!structured && !line.slice(0, 8192).includes('\n')) return rows(Math.min(line.length, most.wrapped + 20));
    if (structured && line.length <= 4096 && n++ % 16 !== 0) return rows(line.length * part);
    const text = line.length > 4096 ? { ...r, line: line.slice(0, 4096) } : r; // only its shape
    const b = bodyOf(text, look.marks, look.raw);
    const length = Math.min(lengthOf(b), most.wrapped + 20 + b.pairs.reduce((sum, p) => sum + Math.min(220, p.key.length + p.value.length), 0));
    if (structured) part = 0.8 * part + (0.2 * length) / line.length;
    const breaks = b.message.includes('\n') ? b.message.split('\n').length - 1 : 0;
    return rows(length) + breaks * m.line;
  };
}
