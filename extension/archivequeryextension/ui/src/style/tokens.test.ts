// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import css from './tokens.css?raw';

type Tokens = Record<string, string>;

const tokensOf = (block: string): Tokens => Object.fromEntries([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2]]));

function block(start: string): Tokens {
  const at = css.indexOf(start);
  if (at < 0) throw new Error(`no block ${start}`);
  return tokensOf(css.slice(at, css.indexOf('}', at)));
}

const light = block(':root {');
const bySystem = block(":root:not([data-theme='light'])");
const dark = block(":root[data-theme='dark']");

// Relative luminance and contrast as WCAG 2.2 defines them.
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const texts = ['text', 'muted', 'link', 'fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown', 'ok'];
const surfaces = ['page', 'card', 'raised', 'hover', 'selected', 'code'];
const pairs: [string, string, number][] = [
  ...texts.flatMap((t) => surfaces.map((s): [string, string, number] => [t, s, 4.5])),
  ...['error-box', 'partial-box', 'info-box', 'ok-box', 'bad-shade', 'shade'].flatMap((s): [string, string, number][] => [['text', s, 4.5], ['muted', s, 4.5]]),
  ['error', 'error-box', 4.5], ['warn', 'partial-box', 4.5], ['ok', 'ok-box', 4.5], ['link', 'error-box', 4.5], ['link', 'partial-box', 4.5], ['link', 'info-box', 4.5],
  ['on-accent', 'accent', 4.5], ['on-accent', 'accent-hover', 4.5], ['on-mark', 'mark', 4.5],
  ...['focus', 'edge-strong'].flatMap((t) => ['page', 'card', 'raised'].map((s): [string, string, number] => [t, s, 3])),
  ['bar-fatal', 'card', 3], ['bar-error', 'card', 3], ['bar', 'card', 3],
];

describe('tokens', () => {
  it('are the same in both dark blocks', () => expect(bySystem).toEqual(dark));
  it('have a dark value for every colour', () => {
    const colours = Object.keys(light).filter((n) => light[n]?.startsWith('#'));
    expect(colours.length).toBeGreaterThan(30);
    expect(colours.filter((n) => !dark[n])).toEqual([]);
  });
  for (const [name, tokens] of [['light', light], ['dark', { ...light, ...dark }]] as const)
    it(`can be read: ${name}`, () => {
      const low = pairs.flatMap(([a, b, least]) => {
        const c = contrast(tokens[a] ?? '', tokens[b] ?? '');
        return c >= least ? [] : [`${a} on ${b}: ${c.toFixed(2)} < ${least}`];
      });
      expect(low).toEqual([]);
    });
});
