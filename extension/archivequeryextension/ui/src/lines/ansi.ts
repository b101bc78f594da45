// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Colours and weights that terminals understand (ECMA-48, "SGR"), as names of classes. Nothing else of what a terminal would do is
// done here: other sequences stay visible as what they are.

/** Style is what the sequences up to a place have set. */
export interface Style {
  /** 0–15, or -1 for none. */
  front: number;
  back: number;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
}

export const plain: Style = { front: -1, back: -1, bold: false, dim: false, italic: false, underline: false, strike: false, inverse: false };

/** sgr is the length of the sequence at a place of the text, or 0 if there is none. */
export function sgr(text: string, at: number): number {
  let i = at;
  if (text.charCodeAt(i) === 0x1b && text.charCodeAt(i + 1) === 0x5b) i += 2;
  else if (text.charCodeAt(i) === 0x9b) i += 1;
  else return 0;
  for (const end = Math.min(text.length, i + 64); i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x6d) return i + 1 - at;
    if ((c < 0x30 || c > 0x39) && c !== 0x3a && c !== 0x3b) return 0;
  }
  return 0;
}

/** nearest is the one of the 16 colours that comes closest to a colour. */
export function nearest(r: number, g: number, b: number): number {
  const most = Math.max(r, g, b);
  const least = Math.min(r, g, b);
  if (most - least < 40) return most < 64 ? 0 : most < 144 ? 8 : most < 216 ? 7 : 15;
  const half = (most + least) / 2;
  return (r > half ? 1 : 0) + (g > half ? 2 : 0) + (b > half ? 4 : 0) + (most > 200 ? 8 : 0);
}

/** of256 is the same for a number of the palette of 256. */
export function of256(n: number): number {
  if (!(n >= 0 && n < 256)) return -1;
  if (n < 16) return n;
  if (n >= 232) return nearest(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10);
  const level = (v: number): number => (v === 0 ? 0 : 55 + v * 40);
  return nearest(level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6));
}

/** apply returns the style behind a sequence, which is all of `ESC [ … m`. */
export function apply(style: Style, sequence: string): Style {
  const body = sequence.replace(/^(?:\x1b\[|\x9b)/, '').replace(/m$/, '');
  const n = body.split(/[;:]/).map((p) => (p === '' ? 0 : Number(p)));
  let s = { ...style };
  for (let i = 0; i < n.length; i++) {
    const p = n[i] ?? 0;
    if (p === 0) s = { ...plain };
    else if (p === 1) s.bold = true;
    else if (p === 2) s.dim = true;
    else if (p === 3) s.italic = true;
    else if (p === 4) s.underline = true;
    else if (p === 7) s.inverse = true;
    else if (p === 9) s.strike = true;
    else if (p === 22) s.bold = s.dim = false;
    else if (p === 23) s.italic = false;
    else if (p === 24) s.underline = false;
    else if (p === 27) s.inverse = false;
    else if (p === 29) s.strike = false;
    else if (p >= 30 && p <= 37) s.front = p - 30;
    else if (p === 39) s.front = -1;
    else if (p >= 40 && p <= 47) s.back = p - 40;
    else if (p === 49) s.back = -1;
    else if (p >= 90 && p <= 97) s.front = p - 82;
    else if (p >= 100 && p <= 107) s.back = p - 92;
    else if (p === 38 || p === 48) {
      let colour = -1;
      if (n[i + 1] === 5) {
        colour = of256(n[i + 2] ?? -1);
        i += 2;
      } else if (n[i + 1] === 2) {
        colour = nearest(n[i + 2] ?? 0, n[i + 3] ?? 0, n[i + 4] ?? 0);
        i += 4;
      }
      if (p === 38) s.front = colour;
      else s.back = colour;
    }
  }
  return s;
}

/** classes are the names of the classes of a style; the style sheet gives text with a background a colour that can be read on it. */
export function classes(s: Style): string {
  const out: string[] = [];
  if (s.inverse) out.push('a-inverse');
  else {
    if (s.front >= 0) out.push(`a-f${s.front}`);
    if (s.back >= 0) out.push('a-back', `a-b${s.back}`);
  }
  if (s.bold) out.push('a-bold');
  if (s.dim) out.push('a-dim');
  if (s.italic) out.push('a-italic');
  if (s.underline) out.push('a-underline');
  if (s.strike) out.push('a-strike');
  return out.join(' ');
}
