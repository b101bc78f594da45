// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import { opposite, simplePart, unquote } from './parts';

test('strings', () => {
  expect(unquote('"a\\"b\\n\\x41\\u00e9\\\\"')).toBe('a"b\nAé\\');
  expect(unquote('`a\\b`')).toBe('a\\b');
  expect(unquote('a')).toBe(null);
  expect(unquote('"a" or "b"')).toBe(null);
});

test('simple parts', () => {
  expect(simplePart('| k8s_pod_name="x y"')).toEqual({ kind: 'field', name: 'k8s_pod_name', op: '=', value: 'x y' });
  expect(simplePart('|= "a"')).toEqual({ kind: 'line', name: '', op: '=', value: 'a' });
  expect(simplePart('!= `a`')).toEqual({ kind: 'line', name: '', op: '!=', value: 'a' });
  for (const part of ['|> "a <_>"', '|= "a" |= "b"', '| json | a="b"', '| a="b" or c="d"']) expect(simplePart(part)).toEqual({ kind: 'pipe', name: '', op: '=', value: part });
});

test('opposites', () => {
  expect(opposite('|> "a <_> | b"')).toBe('!> "a <_> | b"');
  expect(opposite('!~ `x`')).toBe('|~ `x`');
  expect(opposite('| json | status="500"')).toBe('| json | status!="500"');
  expect(opposite('| took > 5ms')).toBe('| took <= 5ms or took=""');
  expect(opposite('| json | a >= 1')).toBe('| json | a < 1 or a=""');
  expect(opposite('|= "a" |= "b"')).toBe(null);
  expect(opposite('| json')).toBe(null);
});
