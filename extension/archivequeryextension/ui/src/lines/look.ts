// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// How lines are shown at the moment, and how much room there is for them.

import { computed } from '@preact/signals';

import { day, zone } from '../lib/clock';
import { searched } from '../search/compose';
import { run } from '../state/run';
import { state } from '../state/url';
import { type Measures } from './estimate';
import type { Look } from './Row';

const key = computed(() => {
  const s = state.value;
  const r = run.value;
  const days = r !== null && day(r.start, zone.value) !== day(r.end - 1, zone.value);
  return JSON.stringify([r ? searched(r.logql) : [], s.raw, s.wrap, s.columns, days, zone.value]);
});

/** look changes only when something of it does. */
export const look = computed<Look>(() => {
  const [marks, raw, wrap, columns, days, tz] = JSON.parse(key.value) as [string[], boolean, boolean, string[], boolean, string];
  return { marks, raw, wrap, columns, days, tz };
});

/** measure looks at a row that nobody sees, with a text of a hundred characters. */
export function measure(list: HTMLElement, look: Look): Measures {
  const probe = document.createElement('div');
  probe.className = 'list-item line-probe';
  probe.setAttribute('aria-hidden', 'true');
  const head = document.createElement('div');
  head.className = 'line-head';
  const part = (cls: string, text: string): HTMLElement => {
    const e = document.createElement('span');
    e.className = cls;
    e.textContent = text;
    head.append(e);
    return e;
  };
  part('line-open', '');
  part('line-time', look.days ? '00-00 00:00:00.000' : '00:00:00.000');
  part('line-level', 'error');
  part('line-service', 'service');
  for (const c of look.columns) part('line-column', c);
  const body = part('line-body', '');
  const text = document.createElement('bdi');
  text.className = 'log-text';
  text.textContent = '0'.repeat(100);
  body.append(text);
  probe.append(head);
  const article = document.createElement('div');
  article.className = look.wrap ? 'line' : 'line single';
  article.append(head);
  probe.append(article);
  list.append(probe);
  text.style.whiteSpace = 'nowrap';
  const char = text.getBoundingClientRect().width / 100 || 8;
  const width = body.getBoundingClientRect().width || 600;
  const one = article.getBoundingClientRect().height || 24;
  text.style.whiteSpace = '';
  const line = parseFloat(getComputedStyle(text).lineHeight) || 19;
  probe.remove();
  return { width, char, line, extra: Math.max(0, one - line) };
}
