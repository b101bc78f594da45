// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { render } from 'preact';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { FieldInfo, Histogram, Patterns, Template } from '../api/types';
import { Field } from '../fields/Field';
import { CountTable } from '../histogram/CountTable';
import { Legend } from '../histogram/Legend';
import { Marks } from '../histogram/Marks';
import { SeriesTable } from '../metric/MetricTable';
import { grid } from '../metric/series';
import { state } from '../state/url';
import { Pattern } from './Pattern';

// There is no server, which the panels would ask as soon as they are loaded.
vi.hoisted(() => {
  globalThis.fetch = () => new Promise(() => undefined);
});

// What comes with logs is text on this page, whatever it looks like, and never turns or hides what stands beside it.
const evil = '</td><img src=x onerror="alert(1)"><script>alert(2)</script>\u202Eevil\x1b[8m\x00';

let root: HTMLElement;
beforeEach(() => {
  root = document.createElement('div');
  document.body.append(root);
});
afterEach(() => {
  render(null, root);
  root.remove();
});

const flush = (): Promise<void> => new Promise((done) => setTimeout(done));

function harmless(): void {
  expect(root.querySelector('img, script, iframe, [onerror]')).toBeNull();
  expect(root.textContent).toContain('<img src=x');
  expect(root.textContent).not.toMatch(/[\u202E\x00\x1b]/);
  for (const e of root.querySelectorAll('*'))
    for (const a of ['title', 'aria-label']) expect(e.getAttribute(a) ?? '').not.toMatch(/[\u202E\x00\x1b]/);
}

const h: Histogram = {
  start_ms: 0, end_ms: 2000, step_ms: 1000, levels: [evil, 'error'], records: { [evil]: [1, 0], error: [0, 2] }, represents: { [evil]: [1, 0], error: [0, 2] }, sampled: false,
  total: 3, total_represents: 3, spikes: [], notices: [{ time: '1000000000', service: evil, event: evil, line: evil, records: 1 }],
};

const all = (t: Template): Patterns => ({
  looked_at: 3, records: 3, fraction: 1, complete: true, start_ms: 0, end_ms: 3, step_ms: 1, baseline: null, templates_total: 1, rest: 0, templates: [t],
});

test('a pattern of empty lines has a name', () => {
  const t: Template = {
    template: ' ', filter: '', records: 3, services: [], levels: [], first: '1', last: '2', new: false, baseline_records: 0, samples: [3], examples: [],
  };
  render(<Pattern t={t} of={all(t)} />, root);
  expect(root.querySelector('.pattern-fold')?.textContent).toBe('nothing but blanks');
});

test('a pattern', async () => {
  const t: Template = {
    template: `${evil} <*> ${evil}`, message: evil, filter: `|> "${evil}"`, records: 3, services: [{ value: evil, records: 3 }], levels: [{ value: evil, records: 3 }], first: '1', last: '2',
    new: true, baseline_records: 0, samples: [1, NaN, 2], examples: [{ time: '1', line: evil, stream: { service_name: evil }, metadata: { trace_id: evil } }],
  };
  render(<Pattern t={t} of={all(t)} />, root);
  harmless();
  root.querySelector<HTMLElement>('.pattern-fold')?.click();
  await flush();
  expect(root.querySelectorAll('.pattern-examples > li')).toHaveLength(1);
  harmless();
});

test('a field and its values', async () => {
  const f: FieldInfo = { name: evil, from: 'json', type: 'string', records: 10, distinct: 2, values: [{ value: evil, records: 7 }, { value: '', records: 3 }] };
  render(<Field field={f} run={{ logql: '{}', metric: false, start: 0, end: 1 }} looked={10} unfolded />, root);
  harmless();
  root.querySelector<HTMLElement>('.not')?.click();
  await flush();
  expect(state.value.filters).toEqual([{ kind: 'json', op: '!=', name: evil, value: evil }]);
});

test('legend, notices and table of the histogram', () => {
  render(
    <>
      <Legend h={h} />
      <Marks h={h} pick={() => undefined} />
      <CountTable h={h} zoom={() => undefined} />
    </>,
    root,
  );
  harmless();
  expect(root.querySelectorAll('.histogram-table tbody tr')).toHaveLength(2);
});

test('series', () => {
  const g = grid({ series: [{ metric: { [evil]: evil }, values: [[1, 1]] }] }, 1000, 2000, 1000);
  render(<SeriesTable g={g} tokenOf={() => '--series-0'} hidden={() => false} toggle={() => undefined} />, root);
  harmless();
});
