// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Rec } from './cursor';
import { Details } from './Details';
import { LogText } from './LogText';
import { Row } from './Row';

let host: HTMLElement;
beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
});

const evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>\u202egnp.exe\x00\x1b[31mred\x1b[0m\x1b]0;t\x07';
const record: Rec = {
  time: '1768435200000000001', line: JSON.stringify({ msg: evil, [`k${evil}`]: evil, deep: { [evil]: [evil, { [evil]: evil }] } }),
  stream: { service_name: evil }, metadata: { detected_level: 'error', trace_id: '867630cc31834ea5a8e8d65f832f98eb', [`n${evil}`]: `${evil}\n${'x'.repeat(100_000)}` },
};
const look = { marks: ['red', '<script>'], raw: false, wrap: true, columns: [`n${evil}`], days: false, tz: 'UTC' };

/** safe checks what is in the page: text, and only our own elements and attributes. */
function safe(): void {
  expect(host.querySelector('img, script, iframe, [onerror], [onclick], [style], [src], [href^="javascript"]')).toBe(null);
  for (const e of host.querySelectorAll('*'))
    for (const a of e.attributes) expect(a.value, `${e.tagName} ${a.name}`).not.toMatch(/[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]/);
  expect(host.textContent).not.toMatch(/[\x00\x07\x1b\u202e]/);
  expect((window as { hit?: number }).hit).toBeUndefined();
}

describe('hostile text', () => {
  it('stays text', () => {
    render(<LogText text={evil} marks={['red', 'onerror']} />, host);
    safe();
    expect(host.textContent).toBe('<img src=x onerror="window.hit=1"><script>window.hit=1</script>⟨RLO⟩gnp.exe⟨NUL⟩red⟨ESC⟩]0;t⟨BEL⟩');
    expect([...host.querySelectorAll('mark')].map((m) => `${m.className}:${m.textContent}`)).toEqual([':onerror', 'a-f1:red']);
  });
  it('stays text in a row and in its details', () => {
    for (const raw of [false, true]) {
      render(<Row r={{ ...record }} look={{ ...look, raw }} open={false} at="1.0" toggle={() => {}} />, host);
      safe();
      expect(host.querySelectorAll('*').length).toBeLessThan(150);
    }
    render(<Details r={record} at="1.0" marks={look.marks} tz="UTC" context={false} setContext={() => {}} close={() => {}} />, host);
    safe();
    expect(host.textContent?.length).toBeLessThan(20_000);
    expect(host.querySelectorAll('*').length).toBeLessThan(1000);
  });
  it('is shown in parts', async () => {
    render(<LogText text={'ab '.repeat(100_000)} max={1000} more />, host);
    expect(host.textContent).toContain('show more (299,000 characters)');
    await act(() => host.querySelector('button')?.click());
    expect(host.textContent?.length).toBeGreaterThan(33_000);
    expect(host.textContent?.length).toBeLessThan(34_500);
    render(<LogText text={'x'.repeat(5000)} max={1000} />, host);
    expect(host.querySelector('button')).toBe(null);
    expect(host.textContent).toContain('4,000 characters more');
  });
});
