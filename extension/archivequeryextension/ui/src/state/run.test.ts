// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import { fixedLink, run } from './run';
import { defaults, go, read } from './url';

test('a link for others has the times of the moment', () => {
  go({ ...defaults, q: 'x&y', live: true });
  const r = run.value;
  const s = read(new URL(fixedLink({ line: '1.0' })).search);
  expect(s).toEqual({ ...defaults, q: 'x&y', from: String(Math.floor(r?.start ?? 0)), to: String(Math.ceil(r?.end ?? 0)), line: '1.0' });
  go({ from: 'x' }); // no range
  expect(read(new URL(fixedLink()).search).from).toBe('x');
});
