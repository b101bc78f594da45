// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, test } from 'vitest';

import type { Patterns, Template } from '../api/types';
import { parts } from '../widgets/Template';
import { arranged, baselineOf, change, comparable, worst } from './pick';

const template = (text: string, more: Partial<Template> = {}): Template => ({
  template: text, filter: '', records: 100, services: [], levels: [{ value: 'info', records: 100 }], first: '0', last: '0', new: false, baseline_records: 100, samples: [],
  examples: [], ...more,
});

describe('parts', () => {
  test('holes are apart from text, which may itself look like anything', () => {
    expect(parts('user <*> took <_>ms')).toEqual([
      { text: 'user ', hole: false }, { text: '<*>', hole: true }, { text: ' took ', hole: false }, { text: '<_>', hole: true }, { text: 'ms', hole: false },
    ]);
    expect(parts('<img src=x>')).toEqual([{ text: '<img src=x>', hole: false }]);
    expect(parts('')).toEqual([]);
  });

  test('a long template is cut, one with many holes bounded', () => {
    expect(parts('a'.repeat(50), 10)).toEqual([{ text: `${'a'.repeat(10)}…`, hole: false }]);
    expect(parts('<*> '.repeat(1000), 1e6, 20).length).toBeLessThan(25);
    expect(parts('<*>'.repeat(3), 9)).toHaveLength(3);
  });
});

describe('change', () => {
  const p = (records: number, before: number) => ({ records, baseline: { start_ms: 0, end_ms: 1, records: before, looked_at: before } });
  const same = p(1e6, 1e6);

  test('is told only where it is more than chance', () => {
    expect(change(template('', { records: 900, baseline_records: 100 }), same)).toEqual({ text: '9× more', more: true });
    expect(change(template('', { records: 100, baseline_records: 350 }), same)).toEqual({ text: '3.5× less', more: false });
    expect(change(template('', { records: 4, baseline_records: 2 }), same)).toBeNull();
    expect(change(template('', { records: 11000, baseline_records: 10000 }), same)).toBeNull();
    expect(change(template('', { new: true, baseline_records: 0 }), same)).toBeNull();
    expect(change(template('', { records: 900, baseline_records: 100 }), { records: 1e6, baseline: null })).toBeNull();
  });

  test('is not what all templates have: of a baseline that is half empty, beside a flood', () => {
    expect(change(template('', { records: 1000, baseline_records: 500 }), p(1e6, 5e5))).toBeNull();
    expect(change(template('', { records: 8000, baseline_records: 500 }), p(1e6, 5e5))).toEqual({ text: '8× more', more: true });
    expect(change(template('', { records: 1000, baseline_records: 1010 }), p(4e6, 1e6))).toBeNull();
  });
});

test('an empty baseline makes nothing new', () => {
  const p = { records: 1000, baseline: { start_ms: 0, end_ms: 1, records: 40, looked_at: 40 } } as Patterns;
  expect(comparable(p)).toBe(false);
  expect(comparable({ ...p, baseline: null })).toBe(false);
  expect(comparable({ ...p, baseline: { start_ms: 0, end_ms: 1, records: 51, looked_at: 51 } })).toBe(true);
});

test('what is compared with', () => {
  const at = { start: 1768435200000, end: 1768438800000 };
  expect(baselineOf('', at)).toEqual({});
  expect(baselineOf('nonsense', at)).toEqual({});
  expect(baselineOf('none', at).baseline_start).toBe('none');
  expect(baselineOf('1d', at)).toEqual({ baseline_start: '1768348800000000000', baseline_end: '1768352400000000000' });
});

describe('arranged', () => {
  const a = template('a boom', { records: 5, levels: [{ value: 'info', records: 4 }, { value: 'error', records: 1 }] });
  const b = template('b', { records: 50, baseline_records: 5, services: [{ value: 'Cart', records: 50 }] });
  const c = template('c', { records: 500, new: true });
  const list = [c, a, b];
  const names = (x: Template[]): string => x.map((t) => t.template[0]).join('');

  test('orders', () => {
    expect(worst(a)).toBe('error');
    expect(names(arranged(list, 'new', ''))).toBe('cab');
    expect(names(arranged(list, 'many', ''))).toBe('cba');
    expect(names(arranged(list, 'few', ''))).toBe('abc');
    expect(names(arranged(list, 'changed', ''))).toBe('cab');
    expect(names(arranged(list, 'grave', ''))).toBe('acb');
    const d = template('d', { new: true, levels: [{ value: 'warn', records: 1 }] });
    expect(names(arranged([c, d, a, b], 'new', ''))).toBe('dcab');
    expect(names(list)).toBe('cab'); // what was loaded stays as it was
  });

  test('search is in text, services and levels', () => {
    expect(names(arranged(list, 'new', 'BOOM'))).toBe('a');
    expect(names(arranged(list, 'new', 'cart'))).toBe('b');
    expect(names(arranged(list, 'new', 'error a'))).toBe('a');
  });
});
