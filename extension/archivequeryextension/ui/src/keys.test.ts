// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test } from 'vitest';

import { bind, bindings, shown, ways } from './keys';

const unbind: (() => void)[] = [];
afterEach(() => unbind.splice(0).forEach((u) => u()));

function watch(keys: string, more: { typing?: boolean; answer?: boolean } = {}): string[] {
  const hits: string[] = [];
  unbind.push(bind({ keys, typing: more.typing ?? false, run: (e) => (hits.push(e.key), more.answer) }));
  return hits;
}

function press(key: string, init: KeyboardEventInit = {}, at: EventTarget = document.body): boolean {
  const e = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, composed: true, ...init });
  at.dispatchEvent(e);
  return e.defaultPrevented;
}

test('one key, several ways, modifiers', () => {
  const j = watch('j, ArrowDown');
  const run = watch('Mod+Enter');
  expect(press('j')).toBe(true);
  press('ArrowDown');
  press('J', { shiftKey: true });
  press('j', { ctrlKey: true });
  expect(j).toEqual(['j', 'ArrowDown']);
  press('Enter', { ctrlKey: true });
  expect(run).toEqual(['Enter']);
});

test('two keys one after the other', () => {
  const gl = watch('g l');
  const l = watch('l');
  press('g');
  press('l');
  press('l');
  expect([gl.length, l.length]).toEqual([1, 1]);
  press('g');
  press('x');
  press('l');
  expect([gl.length, l.length]).toEqual([1, 2]);
});

test('the newest first, and on where it says no', () => {
  const first = watch('n');
  const second = watch('n', { answer: false });
  press('n');
  expect([first.length, second.length]).toEqual([1, 1]);
});

test('not while somebody types, nor what a button needs', () => {
  const input = document.body.appendChild(document.createElement('input'));
  const button = document.body.appendChild(document.createElement('button'));
  const j = watch('j, Enter');
  const escape = watch('Escape', { typing: true });
  press('j', {}, input);
  press('Escape', {}, input);
  press('Enter', {}, button);
  expect([j.length, escape.length]).toEqual([0, 1]);
  press('j', {}, button);
  expect(j.length).toBe(1);
  input.remove();
  button.remove();
});

test('unbound', () => {
  const before = bindings.value.length;
  const u = bind({ keys: 'q', run: () => undefined });
  u();
  expect(bindings.value.length).toBe(before);
  expect(press('q')).toBe(false);
});

test('for people', () => {
  expect(ways('j, ArrowDown, g g')).toEqual([['j'], ['ArrowDown'], ['g', 'g']]);
  expect(ways(',')).toEqual([[',']]);
  expect(['ArrowDown', 'Escape', 'Mod+k'].map(shown)).toEqual(['↓', 'Esc', 'Ctrl k']);
});
