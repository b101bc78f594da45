// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';

import { shellWord } from './shell';

it('writes any text as one word', () => {
  expect(shellWord('plain-word')).toBe('plain-word');
  expect(shellWord('')).toBe(`''`);
  expect(shellWord(`it's $HOME "x" \`y\``)).toBe(`'it'\\''s $HOME "x" \`y\`'`);
  expect(shellWord(`a'b; rm $(x)`)).toBe(`'a'\\''b; rm $(x)'`);
  expect(shellWord('a\nb')).toBe(`'a\nb'`);
});
