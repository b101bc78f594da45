// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// From the text of a log, which is hostile, to pieces that can be shown: what would be invisible, move the cursor or turn the
// direction of text is replaced by a visible name; colours of terminals become classes; hits are marked.

import { apply, classes, plain, sgr, type Style } from './ansi';

export interface Token {
  text: string;
  /** Names of classes, or ''. */
  cls: string;
  /** A hit of the search. */
  mark: boolean;
  /** What a replaced character was, or ''. */
  title: string;
}

export interface Tokens {
  tokens: Token[];
  /** Characters (UTF-16) of the text that are not in tokens, since there would be too many. */
  rest: number;
}

const c0 = 'NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ');

const named: Record<number, string> = {
  0x007f: 'DEL', 0x00ad: 'SHY', 0x034f: 'CGJ', 0x061c: 'ALM', 0x115f: 'HCF', 0x1160: 'HJF', 0x180e: 'MVS', 0x200b: 'ZWSP', 0x200e: 'LRM', 0x200f: 'RLM',
  0x2028: 'LS', 0x2029: 'PS', 0x202a: 'LRE', 0x202b: 'RLE', 0x202c: 'PDF', 0x202d: 'LRO', 0x202e: 'RLO', 0x2060: 'WJ', 0x2061: 'FA', 0x2062: 'IT',
  0x2063: 'IS', 0x2064: 'IP', 0x2066: 'LRI', 0x2067: 'RLI', 0x2068: 'FSI', 0x2069: 'PDI', 0x206a: 'ISS', 0x206b: 'ASS', 0x206c: 'IAFS', 0x206d: 'AAFS',
  0x206e: 'NADS', 0x206f: 'NODS', 0x3164: 'HF', 0xfeff: 'BOM', 0xffa0: 'HHF', 0xfff9: 'IAA', 0xfffa: 'IAS', 0xfffb: 'IAT',
};

// What is replaced: controls but tab and line feed, what is invisible or turns text (not the joiners, which emoji and Persian need),
// the tag characters, and halves of pairs.
const special =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(4, '0');

/** visible is what stands for a character that is not shown as it is: its name in brackets, and what it is in words. */
export function visible(c: string): { text: string; title: string } {
  const n = c.codePointAt(0) ?? 0;
  const name = n < 0x20 ? c0[n] : named[n];
  if (name) return { text: `⟨${name}⟩`, title: `U+${hex(n)} ${name}` };
  return { text: `⟨${hex(n)}⟩`, title: `U+${hex(n)}` };
}

/** folded is text without the difference of upper and lower case, of the same length. */
export function folded(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replace(/[A-Z]+/g, (m) => m.toLowerCase());
}

/** hits are the places of the texts to be marked, whatever their case, in order, without overlaps: pairs of begin and end. */
export function hits(text: string, marks: readonly string[], most = 500): number[] {
  const found: [number, number][] = [];
  const all = folded(text);
  for (const mark of marks) {
    const m = folded(mark);
    if (m === '') continue;
    for (let at = all.indexOf(m); at >= 0 && found.length < most; at = all.indexOf(m, at + m.length)) found.push([at, at + m.length]);
  }
  found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const out: number[] = [];
  for (const [begin, end] of found) {
    const last = out.at(-1);
    if (last !== undefined && begin <= last) out[out.length - 1] = Math.max(last, end);
    else out.push(begin, end);
  }
  return out;
}

/** Unstyled text has neither controls nor anything else that is replaced. */
const easy = (text: string): boolean => {
  special.lastIndex = 0;
  return !special.test(text);
};

/**
 * tokenize makes tokens of the first `max` characters of a text, at most `most` of them, so that neither a long line nor one of nothing
 * but controls makes a page slow.
 */
export function tokenize(text: string, marks: readonly string[] = [], max = 4096, most = 400): Tokens {
  let cut = Math.min(text.length, max);
  if (cut < text.length && cut > 0 && text.charCodeAt(cut - 1) >= 0xd800 && text.charCodeAt(cut - 1) < 0xdc00) cut--; // no half of a pair
  const shown = cut < text.length ? text.slice(0, cut) : text;
  const at = marks.length > 0 ? hits(shown, marks) : [];
  if (at.length === 0 && easy(shown)) return { tokens: shown === '' ? [] : [{ text: shown, cls: '', mark: false, title: '' }], rest: text.length - cut };

  const tokens: Token[] = [];
  let style: Style = plain;
  let cls = '';
  let hit = 0; // index in `at`
  // put adds text [begin, end) as it is, split where hits begin and end.
  const put = (begin: number, end: number, replaced?: { text: string; title: string }): boolean => {
    while (begin < end) {
      while (hit < at.length && (at[hit + 1] ?? 0) <= begin) hit += 2;
      const from = at[hit] ?? Infinity;
      const mark = from <= begin;
      const stop = replaced ? end : Math.min(end, mark ? (at[hit + 1] ?? end) : from);
      const piece = replaced ? replaced.text : shown.slice(begin, stop);
      const name = replaced ? (cls === '' ? 'ctl' : `ctl ${cls}`) : cls;
      const title = replaced?.title ?? '';
      const last = tokens.at(-1);
      if (last && last.cls === name && last.mark === mark && last.title === title) last.text += piece;
      else if (tokens.length >= most) {
        cut = begin;
        return false;
      } else tokens.push({ text: piece, cls: name, mark, title });
      begin = stop;
    }
    return true;
  };
  let done = 0;
  special.lastIndex = 0;
  for (let m = special.exec(shown); m; m = special.exec(shown)) {
    if (!put(done, m.index)) return { tokens, rest: text.length - cut };
    const length = sgr(shown, m.index);
    if (length > 0) {
      style = apply(style, shown.slice(m.index, m.index + length));
      cls = classes(style);
      done = m.index + length;
      special.lastIndex = done;
      continue;
    }
    done = m.index + m[0].length;
    if (m[0] === '\r' && shown[done] === '\n') continue; // the end of a line, as Windows has it
    if (!put(m.index, done, visible(m[0]))) return { tokens, rest: text.length - cut };
  }
  put(done, shown.length);
  return { tokens, rest: text.length - cut };
}

/** excerpt is a text from a little before its first hit on, if what is shown of it would end before. */
export function excerpt(text: string, marks: readonly string[], max: number): string {
  if (text.length <= max || marks.length === 0) return text;
  const first = hits(text.length > 1 << 20 ? text.slice(0, 1 << 20) : text, marks, 1)[0] ?? 0;
  const from = first - Math.floor(max / 4);
  return first < max - 40 ? text : `… ${text.slice(text.charCodeAt(from) >= 0xdc00 && text.charCodeAt(from) < 0xe000 ? from + 1 : from)}`;
}

/** bare is text without sequences of colours, for titles and measures; other controls become their names. */
export function bare(text: string, max = 2000): string {
  return tokenize(text, [], max, 2000).tokens.map((t) => t.text).join('');
}
