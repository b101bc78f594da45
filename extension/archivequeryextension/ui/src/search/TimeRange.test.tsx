// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { render } from 'preact';
import { afterEach, expect, test } from 'vitest';

import { defaults, go, state } from '../state/url';
import { TimeRange } from './TimeRange';

const root = document.createElement('div');
document.body.append(root);
afterEach(() => render(null, root));

const flush = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

test('an end of the range that nobody touches stays, also in the hour that is twice', async () => {
  globalThis.fetch = () => new Promise(() => undefined);
  const from = Date.UTC(2026, 9, 25, 1, 30); // 02:30 in Berlin, for the second time
  go({ ...defaults, tz: 'Europe/Berlin', from: String(from), to: String(from + 3600e3) });
  render(<TimeRange />, root);
  root.querySelector<HTMLElement>('.range-button')?.click();
  await flush();
  const [a, b] = root.querySelectorAll<HTMLInputElement>('.ends input');
  expect([a?.value, b?.value]).toEqual(['2026-10-25 02:30:00', '2026-10-25 03:30:00']);
  if (!b) throw new Error('no field');
  b.value = '2026-10-25 04:00:00';
  b.dispatchEvent(new Event('input', { bubbles: true }));
  await flush();
  root.querySelector<HTMLFormElement>('.ends')?.requestSubmit();
  await flush();
  expect([state.value.from, state.value.to]).toEqual([String(from), String(from + 5400e3)]);
});
