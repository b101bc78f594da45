// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import { apply, classes, nearest, of256, plain, sgr } from './ansi';
import { bare, excerpt, hits, tokenize } from './tokens';

const joined = (text: string, marks: string[] = []): string => tokenize(text, marks).tokens.map((t) => (t.mark ? `[${t.text}]` : t.text)).join('');

describe('ansi', () => {
  it('knows where a sequence ends', () => {
    expect(sgr('\x1b[31mred', 0)).toBe(5);
    expect(sgr('\x1b[mred', 0)).toBe(3);
    expect(sgr('\x9b1;31mred', 0)).toBe(6);
    expect(sgr('\x1b[2Jgone', 0)).toBe(0); // clears the screen: no colour
    expect(sgr('\x1b]0;title\x07', 0)).toBe(0);
    expect(sgr('\x1b[31', 0)).toBe(0);
    expect(sgr(`\x1b[${'1;'.repeat(1000)}m`, 0)).toBe(0);
  });
  it('reads colours', () => {
    expect(classes(apply(plain, '\x1b[1;31m'))).toBe('a-f1 a-bold');
    expect(classes(apply(apply(plain, '\x1b[1;31;4m'), '\x1b[22;39m'))).toBe('a-underline');
    expect(apply(apply(plain, '\x1b[91;101m'), '\x1b[m')).toEqual(plain);
    expect(apply(plain, '\x1b[38;5;196m').front).toBe(9);
    expect(apply(plain, '\x1b[48;2;0;0;200m').back).toBe(4);
    expect(apply(plain, '\x1b[38:2:10:250:10m').front).toBe(10);
    expect(apply(plain, '\x1b[38;5;196;1m')).toMatchObject({ front: 9, bold: true });
    expect(apply(plain, '\x1b[38;9;1m').bold).toBe(true);
    expect(of256(300)).toBe(-1);
    expect(of256(15)).toBe(15);
    expect(of256(244)).toBe(8);
    expect(nearest(250, 250, 20)).toBe(11);
  });
});

describe('tokenize', () => {
  it('leaves text as it is', () => {
    expect(tokenize('')).toEqual({ tokens: [], rest: 0 });
    expect(tokenize('a\tb\nc é 漢 👩‍👩‍👧')).toEqual({ tokens: [{ text: 'a\tb\nc é 漢 👩‍👩‍👧', cls: '', mark: false, title: '' }], rest: 0 });
  });
  it('keeps markup text', () => {
    expect(joined('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>');
  });
  it('shows what would be invisible or turn text', () => {
    expect(joined('a\x00b\x07\x7f')).toBe('a⟨NUL⟩b⟨BEL⟩⟨DEL⟩');
    expect(joined('\u202egnp.exe\u2066')).toBe('⟨RLO⟩gnp.exe⟨LRI⟩');
    expect(joined('a\u200bb\ufeff\u2028\u0085')).toBe('a⟨ZWSP⟩b⟨BOM⟩⟨LS⟩⟨0085⟩');
    expect(joined('\ud83d alone \udc00')).toBe('⟨D83D⟩ alone ⟨DC00⟩');
    expect(joined('\udb40\udc41x')).toBe('⟨E0041⟩x');
    expect(joined('one\r\ntwo\rthree')).toBe('one\ntwo⟨CR⟩three');
    const t = tokenize('\x1b[2J').tokens[0];
    expect(t).toEqual({ text: '⟨ESC⟩', cls: 'ctl', mark: false, title: 'U+001B ESC' });
  });
  it('shows every bidi control by name and none as itself', () => {
    const all = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069';
    const out = joined(all);
    for (const c of all) expect(out).not.toContain(c);
    expect(out.match(/⟨/g)?.length).toBe(12);
  });
  it('colours', () => {
    expect(tokenize('\x1b[31mred\x1b[0m plain').tokens).toEqual([
      { text: 'red', cls: 'a-f1', mark: false, title: '' },
      { text: ' plain', cls: '', mark: false, title: '' },
    ]);
  });
  it('marks hits', () => {
    expect(joined('timeout: the timeout', ['timeout'])).toBe('[timeout]: the [timeout]');
    expect(joined('abcdef', ['bcd', 'cde', 'f'])).toBe('a[bcdef]');
    expect(joined('abc', ['', 'x'])).toBe('abc');
    expect(joined('a\x00b', ['a\x00'])).toBe('[a][⟨NUL⟩]b');
    expect(joined('\x1b[1mfailed\x1b[0m now', ['failed', 'now'])).toBe('[failed] [now]');
    expect(hits('aaaa', ['aa'])).toEqual([0, 4]);
    expect(joined('TimeOut İx', ['timeout', 'X'])).toBe('[TimeOut] İ[x]');
  });
  it('shows the part with the hit', () => {
    const text = `${'a'.repeat(5000)} needle ${'b'.repeat(5000)}`;
    expect(excerpt(text, ['NEEDLE'], 800).slice(0, 300)).toBe(`… ${'a'.repeat(199)} needle ${'b'.repeat(91)}`);
    expect(excerpt(text, ['a'], 800)).toBe(text);
    expect(excerpt(text, ['none'], 800)).toBe(text);
    expect(excerpt('short needle', ['needle'], 800)).toBe('short needle');
  });
  it('is bounded', () => {
    expect(tokenize('x'.repeat(10_000_000), [], 100)).toEqual({ tokens: [{ text: 'x'.repeat(100), cls: '', mark: false, title: '' }], rest: 9_999_900 });
    const many = tokenize('a\x00'.repeat(5000), [], 100_000, 50);
    expect(many.tokens.length).toBe(50);
    expect(many.rest).toBe(10_000 - 50);
    expect(tokenize('\x00'.repeat(5000), [], 100_000, 50).tokens.length).toBe(1);
    expect(tokenize('xa'.repeat(5000), ['a'], 100_000, 50).tokens.length).toBe(50);
    expect(tokenize('😀😀', [], 3).tokens[0]?.text).toBe('😀');
    expect(bare('\x1b[31mred\x1b[0m\x07')).toBe('red⟨BEL⟩');
  });
  it('loses nothing and never fails, whatever it is given', () => {
    let seed = 7;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    const parts = ['a', 'é', '\x1b[', '\x1b[31m', 'm', ';', '\x00', '\u202e', '😀', '\ud83d', '\n', '\r\n', '<b>', '\x9b', '38;5;', '\udb40\udc41'];
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: random(30) }, () => parts[random(parts.length)]).join('');
      const most = 1 + random(40);
      const { tokens, rest } = tokenize(text, ['a', '<b>'], 1 + random(60), most);
      expect(tokens.length).toBeLessThanOrEqual(most);
      expect(rest).toBeGreaterThanOrEqual(0);
      expect(tokens.map((t) => t.text).join('')).not.toMatch(/[\x00-\x08\x0b-\x1f\u202e]/);
    }
  });
});
